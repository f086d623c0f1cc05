import type { BenchRedis } from '../processes/redis';

/** The least that an exact sliding window can do in Redis: no request ids, no log, no statistics. */
const MINIMAL = `
local time = redis.call('TIME')
local now_us = time[1] * 1000000 + time[2]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now_us - ARGV[2])
local taken = redis.call('ZCARD', KEYS[1])
if taken >= tonumber(ARGV[1]) then return { 0, 0 } end
redis.call('ZADD', KEYS[1], now_us, ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return { 1, ARGV[1] - taken - 1 }
`;

const LIMIT = 10;
const WINDOW_MS = 600_000;

/** Prepares the minimal script. The answer makes the command of its call: for a subject, with a name for the taking. */
export async function loadMinimal({
  client,
}: BenchRedis): Promise<(subject: string, taking: string) => string[]> {
  const sha = String(await client.script('LOAD', MINIMAL));
  const fixed = [LIMIT, WINDOW_MS * 1000, WINDOW_MS].map(String);
  return (subject, taking) => ['EVALSHA', sha, '1', `minimal:${subject}`, ...fixed, taking];
}
