import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '@jest/globals';
import { freePort } from './ports';
import { until } from './wait';

const RULES = join(__dirname, '../../deploy/prometheus/alerts.yml');

/** Tests that need Prometheus; skipped, which the report shows, on a machine without it. */
export const describeWithPrometheus =
  spawnSync('prometheus', ['--version']).status === 0 ? describe : describe.skip;

/** An alert that fires, with its labels. */
export interface FiringAlert {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A Prometheus of the test's own, with the alerts of the compose stack. */
export interface TestPrometheus {
  firing(): Promise<FiringAlert[]>;
  close(): Promise<void>;
}

/** What to scrape, as HOST:PORT, by job. */
export interface Scraped {
  readonly daemons?: readonly string[];
  readonly webs?: readonly string[];
}

/** Resolves once everything has been scraped twice: a counter must be seen twice before its increase is known. */
export async function startPrometheus(scraped: Scraped): Promise<TestPrometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'quota-prometheus-'));
  const port = await freePort();
  writeFileSync(join(folder, 'alerts.yml'), impatient(readFileSync(RULES, 'utf8')));
  writeFileSync(join(folder, 'prometheus.yml'), configuration(scraped));
  const server = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );

  async function ask<Data>(path: string): Promise<Data> {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
    return ((await answer.json()) as { data: Data }).data;
  }

  const targetCount = (scraped.daemons?.length ?? 0) + (scraped.webs?.length ?? 0);
  await until('two scrapes of everything', async () => {
    const query = 'query?query=sum_over_time(up[1m])%20>=%202';
    const seen = await ask<{ result: unknown[] }>(query).catch(() => undefined);
    return seen?.result.length === targetCount;
  });
  return {
    async firing() {
      const { alerts } = await ask<{ alerts: { state: string; labels: Record<string, string> }[] }>('alerts');
      return alerts
        .filter(({ state }) => state === 'firing')
        .map(({ labels: { alertname = '', ...labels } }) => ({ name: alertname, labels }));
    },
    async close() {
      const exited = once(server, 'exit');
      server.kill('SIGKILL');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The same rules without their patience, which `promtool test rules` has seen to. */
function impatient(rules: string): string {
  return rules
    .replaceAll(/for: \d+m/g, 'for: 0s')
    .replace(' offset 10m', '')
    .replace('quota_fold_lag_seconds > 60', 'quota_fold_lag_seconds > 1')
    .replace('web_outbox_oldest_seconds > 300', 'web_outbox_oldest_seconds > 1');
}

function configuration({ daemons = [], webs = [] }: Scraped): string {
  return JSON.stringify({
    global: { scrape_interval: '250ms', scrape_timeout: '250ms', evaluation_interval: '250ms' },
    rule_files: ['alerts.yml'],
    scrape_configs: [
      { job_name: 'quota-daemon', static_configs: [{ targets: daemons }] },
      { job_name: 'web', static_configs: [{ targets: webs }] },
    ],
  });
}
