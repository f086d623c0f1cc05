import type { BenchRedis } from '../processes/redis';

/** Commands that are on their way at once: enough to keep Redis busy, and few enough for its buffers. */
const PIPELINE = 100;

/** Sends the commands 0 to count - 1, pipelined. Throws the first error that Redis answers. */
export async function replay(
  { client }: BenchRedis,
  count: number,
  commandOf: (index: number) => readonly (Buffer | string)[],
): Promise<void> {
  for (let first = 0; first < count; first += PIPELINE) {
    const pipeline = client.pipeline();
    for (let index = first; index < Math.min(first + PIPELINE, count); index += 1) {
      const [command, ...args] = commandOf(index);
      pipeline.call(String(command), args);
    }
    for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
  }
}

/** The same, and how long Redis was inside scripts and functions for each command, in microseconds. */
export async function timedReplay(
  redis: BenchRedis,
  count: number,
  commandOf: (index: number) => readonly (Buffer | string)[],
): Promise<number> {
  const beforeUs = await redis.scriptUs();
  await replay(redis, count, commandOf);
  return ((await redis.scriptUs()) - beforeUs) / count;
}
