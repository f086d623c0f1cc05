import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { type Keys, ownerOf, patternFor } from '../keys';
import { callFunction } from '../library';
import { pairs } from '../pairs';
import type { RunningErasure } from './record';

/** Keys, or fields, that one round trip looks at: some 200 microseconds of Redis. */
const SCANNED = 500;

/** Redis is left to others for so long after each round trip. */
const PAUSE_MS = 2;

export interface Search {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly record: RunningErasure;
  readonly signal: AbortSignal;
}

/**
 * Looks at all keys of a database for states of the subject that no daemon's policies account for. Those of known
 * policies went when the erasure began, and may be there afresh.
 */
export async function searchKeys({ redis, keys, record, signal }: Search): Promise<void> {
  const { subject } = record;
  let cursor = '0';
  do {
    const [next, found] = await redis.scan(cursor, 'MATCH', patternFor(keys, subject), 'COUNT', SCANNED);
    const left = found.filter((key) => isLeftOver(keys, key, record));
    if (left.length > 0) await redis.unlink(...left);
    cursor = next;
    await pause(PAUSE_MS, undefined, { signal, ref: false });
  } while (cursor !== '0');
}

function isLeftOver(keys: Keys, key: string, { subject, policies, limits }: RunningErasure): boolean {
  const owner = ownerOf(keys, key);
  // The request ids of calls went at the beginning.
  if (owner?.subject !== subject || owner.policy === '') return false;
  const { policy, limit } = owner;
  return limit === '' ? !policies.includes(policy) : !limits.includes(`${policy}:${limit}`);
}

/** Looks at all overrides for those of the subject, of whichever policy, that were set before the erasure began. */
export async function searchOverrides({ redis, keys, record, signal }: Search): Promise<void> {
  const partition = keys.partitionOf(record.subject);
  const overrides = keys.overrides(partition);
  const begunMs = record.begun_us / 1000;
  let cursor = '0';
  do {
    const [next, flat] = await redis.hscan(overrides, cursor, 'COUNT', SCANNED);
    for (const [field, stored] of pairs(flat)) {
      if (field.split(':').slice(2).join(':') !== record.subject) continue;
      const { set_ms } = JSON.parse(stored) as { set_ms: number };
      if (set_ms > begunMs) continue;
      await callFunction(redis, 'clear_override', {
        keys: [keys.control(partition), overrides],
        args: [field],
      });
    }
    cursor = next;
    await pause(PAUSE_MS, undefined, { signal, ref: false });
  } while (cursor !== '0');
}
