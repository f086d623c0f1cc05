import { execFile } from 'node:child_process';
import { Packr } from 'msgpackr';
import { programFor, REDIS_BENCHMARK } from '../../../scripts/services/install';
import type { BenchRedis } from '../processes/redis';
import { randomized, type Template } from './template';

const PIPELINE = 32;

/** As the daemon packs its arguments. */
const packr = new Packr({ useRecords: false, int64AsType: 'number' });

/** The end of its line of CSV: calls a second, then the average, least, median, p95, p99 and greatest latency. */
const RESULT = /"([\d.]+)"(?:,"[\d.]+"){6}\s*$/;

/** How many calls a second redis-benchmark makes of a template, each for a random one of so many subjects. */
export async function benchmarkedPerSecond(
  { port, client }: BenchRedis,
  template: Template,
  { count, subjects }: { count: number; subjects: number },
): Promise<number> {
  const parts = randomized(template).map(withoutZeroBytes);
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

/**
 * redis-benchmark looks for what it replaces in a string of C, which ends at a zero byte. So numbers that are zero are
 * sent as minus one, which the daemon's function takes for the same: no deadline, no shadow, no changed algorithm.
 */
export function withoutZeroBytes(part: Buffer): Buffer {
  if (!part.includes(0)) return part;
  const packed = packr.pack(withoutZeros(packr.unpack(part)));
  if (packed.includes(0)) throw new Error('redis-benchmark cannot send a number whose bytes hold a zero');
  return packed;
}

function withoutZeros(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutZeros);
  return value === 0 ? -1 : value;
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
