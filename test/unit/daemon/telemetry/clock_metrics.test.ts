import { describe, expect, test } from '@jest/globals';
import { createMetrics } from '../../../../daemon/telemetry/metrics';
import { parsePrometheusText } from '../../../helpers/prometheus_text';

const SPREAD = 'quota_store_clock_spread_seconds';

/** What is shown of clocks that are so many milliseconds ahead, each with its possible error. */
async function spreadOf(...clocks: readonly { aheadMs: number; errorMs: number }[]) {
  const metrics = createMetrics({
    policyNames: () => [],
    policiesDigest: () => 'digest',
    droppedLogLines: () => 0,
    methodNames: [],
    certificateEnds: () => [],
    storeFindings: {},
    connectionCount: () => 0,
    redisReady: {},
    readyParts: async () => ({}),
  });
  metrics.load.watch({
    load: () => ({ limit: 0, inFlight: 0 }),
    clocks: () =>
      clocks.map(({ aheadMs, errorMs }) => ({ offsetUs: aheadMs * 1000, errorUs: errorMs * 1000 })),
    folding: () => ({ lagSeconds: 0, backlogEntries: 0, droppedEntries: 0 }),
    outage: () => ({ unaskedPartitions: {}, journalEntries: 0, droppedEntries: 0, localSubjects: 0 }),
  });
  return parsePrometheusText(await metrics.text())
    .get(SPREAD)
    ?.samples.get(SPREAD);
}

describe('quota_store_clock_spread_seconds', () => {
  test('several masters: the difference that is certain, of those that are furthest apart', async () => {
    const clocks = [
      { aheadMs: 100, errorMs: 10 },
      { aheadMs: 400, errorMs: 30 },
      { aheadMs: 250, errorMs: 0 },
    ];

    expect(await spreadOf(...clocks)).toBe(0.26);
    expect(await spreadOf(...clocks.toReversed())).toBe(0.26);
  });

  test('a difference within the possible errors is none', async () => {
    expect(await spreadOf({ aheadMs: 100, errorMs: 20 }, { aheadMs: 130, errorMs: 20 })).toBe(0);
  });

  test('one master: 0; none whose clock is known: no value', async () => {
    expect(await spreadOf({ aheadMs: 500, errorMs: 1 })).toBe(0);
    expect(await spreadOf()).toBeUndefined();
  });
});
