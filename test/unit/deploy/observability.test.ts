import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { createMetrics } from '../../../daemon/telemetry/metrics';
import { parsePrometheusText } from '../../helpers/prometheus_text';
import { promtool, testWithPromtool } from '../../helpers/promtool';

const FOLDER = join(__dirname, '../../../deploy');
const METRIC = /\b(?:quota|nodejs|process)_[a-z0-9_]+/g;

/** Every metric that the daemon has, and those that a histogram is made of. */
async function knownMetrics(): Promise<Set<string>> {
  const metrics = createMetrics({
    policyNames: () => [],
    policiesDigest: () => 'digest',
    droppedLogLines: () => 0,
    methodNames: ['quota.v1.QuotaService/Admit'],
    certificateEnds: () => [],
    storeFindings: { admissions: () => undefined },
    connectionCount: () => 0,
    redisReady: {},
    readyParts: async () => ({}),
  });
  metrics.load.watch({
    load: () => ({ limit: 0, inFlight: 0 }),
    clocks: () => [],
    folding: () => ({ lagSeconds: 0, backlogEntries: 0, droppedEntries: 0 }),
    outage: () => ({
      unaskedPartitions: { admissions: 0, calls: 0 },
      journalEntries: 0,
      droppedEntries: 0,
      localSubjects: 0,
    }),
  });
  const families = parsePrometheusText(await metrics.text());
  const parts = ['_bucket', '_count', '_sum'].map((part) => `quota_call_duration_seconds${part}`);
  return new Set([...families.keys(), ...parts]);
}

describe('the alerts and the board', () => {
  test.each(['prometheus/alerts.yml', 'grafana/dashboards/quota.json'])(
    '%s speaks of no metric that the daemon has not',
    async (file) => {
      const known = await knownMetrics();
      const named = new Set(readFileSync(join(FOLDER, file), 'utf8').match(METRIC));

      expect(named.size).toBeGreaterThan(5);
      expect([...named].filter((name) => !known.has(name))).toEqual([]);
    },
  );

  test('every alert has a case of its own', () => {
    const alerts = readFileSync(join(FOLDER, 'prometheus/alerts.yml'), 'utf8').matchAll(/- alert: (\w+)/g);
    const cases = readFileSync(join(FOLDER, 'prometheus/alerts_test.yml'), 'utf8');
    const names = [...alerts].map(([, name = '']) => name);

    expect(names.length).toBeGreaterThan(15);
    expect(names.filter((name) => !new RegExp(`alertname: ${name}\\s+exp_alerts`).test(cases))).toEqual([]);
  });

  test('every alert is in the manual', () => {
    const alerts = readFileSync(join(FOLDER, 'prometheus/alerts.yml'), 'utf8').matchAll(/- alert: (\w+)/g);
    const manual = readFileSync(join(FOLDER, '../docs/operations.md'), 'utf8');

    expect(
      [...alerts].map(([, name = '']) => name).filter((name) => !manual.includes(`\`${name}\``)),
    ).toEqual([]);
  });

  testWithPromtool('promtool, the alerts do what they say', () => {
    const { succeeded, text } = promtool(['test', 'rules', join(FOLDER, 'prometheus/alerts_test.yml')]);

    expect(text).toContain('SUCCESS');
    expect(succeeded).toBe(true);
  });

  testWithPromtool('promtool accepts the configuration of Prometheus', () => {
    expect(promtool(['check', 'config', join(FOLDER, 'prometheus/prometheus.yml')])).toMatchObject({
      succeeded: true,
    });
  });
});
