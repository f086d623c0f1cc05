import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { programFor, REDIS_BENCHMARK } from '../../../scripts/install/install';

const run = promisify(execFile);

/** The end of its line of CSV: calls a second, then the average, least, median, p95, p99 and greatest latency. */
const RESULT = /"([\d.]+)"(?:,"[\d.]+"){6}\s*$/;

/** As many as redis-benchmark has unless it is given a number. */
export const BENCHMARK_CONNECTIONS = 50;

/**
 * How many calls a second redis-benchmark makes of a command with `RANDOM` in it. It looks for that in a string of C,
 * which ends at a zero byte: so it can send no command with one.
 */
export async function benchmarkedPerSecond(
  command: readonly string[],
  { port, pipeline, count, numbers }: { port: number; pipeline: number; count: number; numbers: number },
): Promise<number> {
  const options = { p: port, c: BENCHMARK_CONNECTIONS, P: pipeline, n: count, r: numbers };
  const args = Object.entries(options).flatMap(([name, value]) => [`-${name}`, String(value)]);
  const { stdout } = await run(programFor(REDIS_BENCHMARK), [...args, '--csv', ...command]);
  const perSecond = RESULT.exec(stdout)?.[1];
  if (perSecond === undefined) throw new Error(`redis-benchmark says: ${stdout}`);
  return Number(perSecond);
}
