import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { Policy } from '../../daemon/quota/policies';
import type { TakingsSample } from '../../daemon/quota/takings_sample';
import type { Entry } from '../../daemon/redis/limits/admit';
import { createTakingsSampler } from '../../daemon/redis/limits/takings_sampler';
import { openLimitStore, policyOf } from '../helpers/limit_store';
import { closedAfterEach } from '../helpers/opened';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

const WINDOW_MS = 50;
const window = { name: 'w', algorithm: 'sliding-window', limit: 3, windowMs: WINDOW_MS } as const;
const bucket = { ...window, algorithm: 'token-bucket' } as const;

/** A sampler whose clock the test sets, and a way to decide in its sight. */
async function start() {
  const space = opened.space();
  const store = await openLimitStore(space);
  const samples: TakingsSample[] = [];
  const clock = { nowMs: 0 };
  const sampler = createTakingsSampler({
    redis: space.admissions,
    keys: store.keys,
    onSample: (sample) => samples.push(sample),
    nowMs: () => clock.nowMs,
  });

  async function admit(policy: Policy, ...subjects: string[]): Promise<void> {
    const asks = subjects.map((subject) => ({ policy, subject, requestId: randomUUID() }));
    const entries = asks.map(
      ({ subject, requestId }): Entry => ({
        admission: { subject, policy: policy.name, cost: 1, requestId },
        policy,
        deadlineUs: undefined,
        wantsIds: false,
      }),
    );
    sampler.decided(entries, await store.admitAll(asks));
  }

  return { admit, samples, clock };
}

describe('takings sampler', () => {
  test('entries that are older than the window are only memory', async () => {
    const { admit, samples, clock } = await start();
    const policy = policyOf([window]);
    await admit(policy, '42', '42', '43');
    await pause(2 * WINDOW_MS);

    clock.nowMs = 1000;
    await admit(policy, '42', '44');

    await until('it is sampled', () => samples.length > 0);
    expect(samples).toEqual([{ policy: policy.name, subjectCount: 2, countingCount: 2, memoryCount: 2 }]);
  });

  test('all entries are only memory if a token bucket decides', async () => {
    const { admit, samples, clock } = await start();
    const policy = policyOf([bucket]);
    clock.nowMs = 1000;
    await admit(policy, '42', '42');

    await until('it is sampled', () => samples.length > 0);
    expect(samples).toEqual([{ policy: policy.name, subjectCount: 1, countingCount: 0, memoryCount: 2 }]);
  });

  test('a subject that is denied causes no further command', async () => {
    const { admit, samples, clock } = await start();
    const policy = policyOf([{ ...window, windowMs: 60_000 }]);
    await admit(policy, '42', '42', '42');

    clock.nowMs = 1000;
    await admit(policy, '42');
    await admit(policy, '43');

    await until('the other one is sampled', () => samples.length > 0);
    expect(samples).toEqual([{ policy: policy.name, subjectCount: 1, countingCount: 1, memoryCount: 0 }]);
  });

  test('looks once a second', async () => {
    const { admit, samples, clock } = await start();
    const policy = policyOf([window]);
    clock.nowMs = 1000;
    await admit(policy, '42');
    clock.nowMs = 1999;
    await admit(policy, '43', '45');
    clock.nowMs = 2000;
    await admit(policy, '44');

    await until('two are sampled', () => samples.length >= 2);
    expect(samples.map(({ subjectCount }) => subjectCount)).toEqual([1, 1]);
  });
});

test('a daemon shows what was sampled', async () => {
  const space = opened.space();
  const { client, httpUrl } = await opened.daemon({ redisUrl: space.url, prefix: space.prefix });

  await until('the metrics have it', async () => {
    await client.admit({ subject: randomUUID(), policy: 'connection', requestId: randomUUID() });
    const text = await (await fetch(`${httpUrl}/metrics`)).text();
    const [, subjects] = /^quota_sampled_subjects_total\{policy="connection"\} (\d+)$/m.exec(text) ?? [];
    if (subjects === undefined) return false;
    expect(text).toContain(`quota_sampled_entries_total{policy="connection",kind="counting"} ${subjects}\n`);
    expect(text).toContain('quota_sampled_entries_total{policy="connection",kind="memory"} 0\n');
    return true;
  });
});
