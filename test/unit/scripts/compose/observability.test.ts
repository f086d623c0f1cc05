import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { createMetrics } from '../../../../daemon/telemetry/metrics';
import { parsePrometheusText } from '../../../helpers/prometheus_text';

const FOLDER = join(__dirname, '../../../../scripts/compose');
const METRIC = /\b(?:quota|nodejs|process)_[a-z0-9_]+/g;

/** Every metric that the daemon has, and those that a histogram is made of. */
async function knownMetrics(): Promise<Set<string>> {
  const metrics = createMetrics({
    policyNames: () => [],
    droppedLogLines: () => 0,
    methodNames: ['quota.v1.QuotaService/Admit'],
    certificateEnds: () => [],
    connectionCount: () => 0,
    redisReady: {},
    readyParts: async () => ({}),
  });
  const families = parsePrometheusText(await metrics.text());
  const parts = ['_bucket', '_count', '_sum'].map((part) => `quota_call_duration_seconds${part}`);
  return new Set([...families.keys(), ...parts]);
}

describe('the alerts and the board', () => {
  test.each(['prometheus/alerts.yml', 'grafana/dashboards/quota.json'])(
    '%s, speaks of no metric that the daemon has not',
    async (file) => {
      const known = await knownMetrics();
      const named = new Set(readFileSync(join(FOLDER, file), 'utf8').match(METRIC));

      expect(named.size).toBeGreaterThan(5);
      expect([...named].filter((name) => !known.has(name))).toEqual([]);
    },
  );

  test('promtool, where the machine has it, finds the alerts to do what they say', () => {
    const checked = spawnSync('promtool', ['test', 'rules', join(FOLDER, 'prometheus/alerts_test.yml')]);
    // Without Prometheus on the machine there is nothing that could run them.
    if (checked.error === undefined) expect(`${checked.stdout}`).toContain('SUCCESS');
  });
});
