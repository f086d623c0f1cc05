import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntilReady } from '../../../scripts/processes/processes';
import { isServing } from '../../../scripts/servers/health';
import { choosePort } from '../../../scripts/servers/ports';
import { testEnvironmentWith } from '../../../scripts/settings/config';
import { root } from '../../../scripts/settings/paths';
import type { Bench } from '../bench';

// With hundreds of partitions a busy machine takes a while.
const START_BOUND_MS = 120_000;

/** The daemon that is measured, as it runs in production. */
export interface BenchDaemon {
  readonly target: string;
  readonly pid: number;
  /** Stops it in the middle of its work, so that nothing else is at work in its Redis. The answer lets it go on. */
  freeze(): () => void;
  /** Metrics as they are at one moment, each the sum over all its labels. Example: `metrics('quota_joined_admissions_count')`. */
  metrics<Name extends string>(...names: readonly Name[]): Promise<Record<Name, number>>;
  stop(): Promise<void>;
}

export interface BenchDaemonOptions {
  /** Unlike those of the others that run at the same time. */
  readonly name: string;
  /** Its store: a server, or a Cluster. */
  readonly redis: { readonly url: string };
  readonly env?: Readonly<Record<string, string>>;
  /** A policies file's text; the daemon's own file unless given. */
  readonly policies?: string;
}

export async function startBenchDaemon(
  bench: Bench,
  { redis, env, policies, ...options }: BenchDaemonOptions,
): Promise<BenchDaemon> {
  const name = `daemon_${options.name}`;
  const port = await choosePort({ folder: bench.folder, name, first: bench.firstPort });
  const httpPort = await choosePort({ folder: bench.folder, name: `${name}_http`, first: bench.firstPort });
  const target = `127.0.0.1:${port}`;
  const policiesFile = join(bench.folder, `${name}.yaml`);
  if (policies !== undefined) writeFileSync(policiesFile, policies);
  const running = bench.supervisor.launchTask({
    name,
    folder: bench.folder,
    command: process.execPath,
    args: [bench.daemonMain],
    cwd: root,
    env: testEnvironmentWith({
      REDIS_URL: redis.url,
      QUOTA_LISTEN: target,
      QUOTA_HTTP_LISTEN: `127.0.0.1:${httpPort}`,
      ...(policies === undefined ? {} : { QUOTA_POLICIES: policiesFile }),
      ...env,
    }),
  });
  await waitUntilReady(running, () => isServing(target), START_BOUND_MS);
  const { pid } = running;
  if (pid === undefined) throw new Error(`${name} has no process`);
  return {
    target,
    pid,
    freeze() {
      process.kill(pid, 'SIGSTOP');
      return () => process.kill(pid, 'SIGCONT');
    },
    async metrics<Name extends string>(...names: readonly Name[]) {
      const text = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
      return Object.fromEntries(names.map((name) => [name, sumOf(text, name)])) as Record<Name, number>;
    },
    async stop() {
      // A frozen one would not hear the signal that stops it.
      if (running.end() === undefined) process.kill(pid, 'SIGCONT');
      await running.stop();
    },
  };
}

/** In the text format of Prometheus: NAME{LABELS} VALUE. */
function sumOf(text: string, name: string): number {
  const lines = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
