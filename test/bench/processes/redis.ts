import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { startRedis } from '../../../scripts/servers/redis';
import type { Bench } from '../bench';

/** A Redis of its own, empty, with an append-only file as in production. */
export interface BenchRedis {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly client: Redis;
  /** The processor time of the process, in microseconds. */
  cpuUs(): Promise<number>;
  /** The time inside scripts and functions so far, in microseconds. */
  scriptUs(): Promise<number>;
  /** A number of INFO. Example: `info('aof_current_size')`. */
  info(field: string): Promise<number>;
  stop(): Promise<void>;
}

const SCRIPT_COMMANDS = ['fcall', 'fcall_ro', 'eval', 'evalsha', 'evalsha_ro'];

export async function startBenchRedis(
  bench: Bench,
  name: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<BenchRedis> {
  rmSync(join(bench.folder, name), { recursive: true, force: true });
  const stops: (() => Promise<void>)[] = [];
  // It is stopped before the bench ends, so its end is no accident.
  const supervisor = {
    ...bench.supervisor,
    launch(spec: Parameters<Bench['supervisor']['launchTask']>[0]) {
      const running = bench.supervisor.launchTask(spec);
      stops.push(running.stop);
      return running;
    },
  };
  const { url, port } = await startRedis({
    supervisor,
    folder: bench.folder,
    firstPort: bench.firstPort,
    name,
    settings,
  });
  const client = new Redis(url);
  // A rewrite would be counted in the measurement of that moment.
  await client.config('SET', 'auto-aof-rewrite-percentage', '0');
  const info = async (field: string) => numberIn(await client.info('everything'), field);
  return {
    url,
    port,
    pid: await info('process_id'),
    client,
    info,
    async cpuUs() {
      const text = await client.info('cpu');
      return (numberIn(text, 'used_cpu_user') + numberIn(text, 'used_cpu_sys')) * 1_000_000;
    },
    async scriptUs() {
      const text = await client.info('commandstats');
      const times = SCRIPT_COMMANDS.map((command) =>
        Number(new RegExp(`^cmdstat_${command}:calls=\\d+,usec=(\\d+)`, 'm').exec(text)?.[1] ?? 0),
      );
      return times.reduce((sum, time) => sum + time, 0);
    },
    async stop() {
      client.disconnect();
      for (const stop of stops) await stop();
      rmSync(join(bench.folder, name), { recursive: true, force: true });
    },
  };
}

function numberIn(text: string, field: string): number {
  const value = new RegExp(`^${field}:([\\d.]+)`, 'm').exec(text)?.[1];
  if (value === undefined) throw new Error(`Redis says nothing of ${field}`);
  return Number(value);
}
