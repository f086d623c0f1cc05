import { execFile } from 'node:child_process';
import { programFor, REDIS_BENCHMARK } from '../../../scripts/services/install';
import type { BenchRedis } from '../processes/redis';
import { randomized, type Template } from './template';

const PIPELINE = 32;

/** The end of its line of CSV: calls a second, then the average, least, median, p95, p99 and greatest latency. */
const RESULT = /"([\d.]+)"(?:,"[\d.]+"){6}\s*$/;

/** How many calls a second redis-benchmark makes of a template, each for a random one of so many subjects. */
export async function benchmarkedPerSecond(
  { port, client }: BenchRedis,
  template: Template,
  { count, subjects }: { count: number; subjects: number },
): Promise<number> {
  const parts = randomized(template);
  // It looks for what it replaces in a string of C, which ends at a zero.
  if (parts.some((part) => part.includes(0)))
    throw new Error('redis-benchmark cannot send an argument with a zero byte in it');
  const options = ['-p', port, '-P', PIPELINE, '-n', count, '-r', subjects, '--csv'].map(String);
  const keysBefore = await client.dbsize();
  const output = await runWith(programFor(REDIS_BENCHMARK), [
    ...options.map((part) => Buffer.from(part)),
    ...parts,
  ]);
  const perSecond = RESULT.exec(output)?.[1];
  if (perSecond === undefined) throw new Error(`redis-benchmark says: ${output}`);
  if ((await client.dbsize()) === keysBefore) throw new Error('redis-benchmark has admitted nothing');
  return Number(perSecond);
}

/** Runs a program with arguments of any bytes but zero; Node itself can pass only text. Returns its output. */
function runWith(program: string, args: readonly Buffer[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile('xargs', ['-0', program], { encoding: 'latin1' }, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
    child.stdin?.end(Buffer.concat(args.flatMap((part) => [part, Buffer.from([0])])));
  });
}
