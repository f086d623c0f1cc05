import type { Redis } from 'ioredis';

/** So many commands that none of a measurement is lost. */
const MOST_ENTRIES = 200_000;

const US_PER_MS = 1000;

/** Nothing shorter is looked at when the longest command is looked for. */
const LONG_US = 100;

/** One command that ran: how long it took, and its parts; the slow log cuts long ones short. */
type Entry = { us: number; parts: string[] };

/** Does the work. Returns its result, and how long the longest command took that ran meanwhile, in milliseconds. */
export async function longestCommand<T>(
  redis: Redis,
  work: () => Promise<T>,
): Promise<{ result: T; longestMs: number }> {
  const { result, entries } = await logged(redis, LONG_US, work);
  return { result, longestMs: entries.reduce((most, { us }) => Math.max(most, us / US_PER_MS), 0) };
}

/** Does the work. Returns its result, and how many scripts and functions with this text in a key ran meanwhile. */
export async function scriptCallsWith<T>(
  redis: Redis,
  text: string,
  work: () => Promise<T>,
): Promise<{ result: T; count: number }> {
  const { result, entries } = await logged(redis, 0, work);
  // The commands inside scripts are logged as well.
  const calls = entries.filter(({ parts: [command = ''] }) => /^(fcall|eval)/i.test(command));
  const count = calls.filter(({ parts }) => parts.some((part) => part.includes(text))).length;
  return { result, count };
}

/** Does the work. Returns its result, and how long the calls of one function of the daemon's took meanwhile, in microseconds. */
export async function functionUs<T>(
  redis: Redis,
  name: string,
  work: () => Promise<T>,
): Promise<{ result: T; us: number }> {
  const { result, entries } = await logged(redis, 0, work);
  // Its name ends in the version of the library.
  const calls = entries.filter(
    ({ parts: [command = '', called = ''] }) =>
      /^fcall/i.test(command) && called.startsWith(`quota_${name}_`),
  );
  return { result, us: calls.reduce((sum, { us }) => sum + us, 0) };
}

async function logged<T>(
  redis: Redis,
  slowerThanUs: number,
  work: () => Promise<T>,
): Promise<{ result: T; entries: Entry[] }> {
  await redis.config('SET', 'slowlog-max-len', String(MOST_ENTRIES));
  await redis.slowlog('RESET');
  await redis.config('SET', 'slowlog-log-slower-than', String(slowerThanUs));
  const result = await work();
  await redis.config('SET', 'slowlog-log-slower-than', '-1');
  const entries = (await redis.slowlog('GET', MOST_ENTRIES)) as [number, number, number, string[]][];
  return { result, entries: entries.map(([, , us, parts]) => ({ us, parts })) };
}
