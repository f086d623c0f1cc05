import type { Redis } from 'ioredis';

/** Times to live are noted in steps: real time passes meanwhile. */
const TTL_STEP_MS = 8000;

/** What a part of the battery leaves behind, and the next one does not need. */
const LEFT = /^(taken|bucket|shadow|admissions|usage|calls|requests|denials|erasures)/;

/** Each key with its type, its time to live and what it holds: one round trip, as the battery looks over a hundred times. */
const READ_ALL = `
local READS = {
  string = { 'GET' }, zset = { 'ZRANGE', 0, -1, 'WITHSCORES' }, hash = { 'HGETALL' }, stream = { 'XRANGE', '-', '+' },
  set = { 'SMEMBERS' }
}
local all = {}
for _, key in ipairs(redis.call('KEYS', '*')) do
  local kind = redis.call('TYPE', key).ok
  local command, from, to, scores = unpack(READS[kind])
  local args = { from, to, scores }
  all[#all + 1] = { key, kind, redis.call('PTTL', key), redis.call(command, key, unpack(args)) }
end
return all`;

type Reply = Buffer | readonly Reply[];

/** All that Redis holds. */
export async function contentsOf(redis: Redis): Promise<unknown> {
  const all = (await redis.callBuffer('EVAL', [READ_ALL, 0])) as [Buffer, Buffer, number, Reply][];
  return all
    .map(([key, kind, ms, held]) => [
      textOf(key),
      Math.ceil(ms / TTL_STEP_MS),
      inOrder(textOf(kind), textOf(held)),
    ])
    .sort(([one], [other]) => (String(one) < String(other) ? -1 : 1));
}

export async function clear(redis: Redis): Promise<void> {
  const left = (await redis.keys('*')).filter((key) => LEFT.test(key));
  if (left.length > 0) await redis.del(...left);
}

/** Bytes as they are, a character each. */
function textOf(reply: Reply): unknown {
  return Buffer.isBuffer(reply) ? reply.toString('latin1') : reply.map(textOf);
}

/** Redis gives neither the fields of a hash nor the members of a set an order. */
function inOrder(kind: unknown, held: unknown): unknown {
  if (!Array.isArray(held)) return held;
  if (kind === 'set') return held.sort();
  if (kind !== 'hash') return held;
  return held.flatMap((field, at) => (at % 2 === 0 ? [[field, held[at + 1]]] : [])).sort();
}
