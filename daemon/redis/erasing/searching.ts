import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { type Keys, ownerOf, patternFor } from '../keys';
import { callFunction } from '../library';
import { type Database, mastersOf } from '../nodes';
import { pairs } from '../pairs';
import type { RunningErasure } from './record';

/** Keys or fields scanned in one round trip: about 200 microseconds for Redis. */
const SCANNED = 500;

/** The pause after each round trip, in which Redis serves others. */
const PAUSE_MS = 2;

export interface Search {
  readonly redis: Database;
  readonly keys: Keys;
  readonly record: RunningErasure;
  readonly signal: AbortSignal;
}

/**
 * Searches all keys of a database for states of the subject under policies that no daemon knows. Those of known policies
 * were deleted when the erasure began, and may exist again since.
 */
export async function searchKeys({ redis, ...search }: Search): Promise<void> {
  // While a slot moves, two masters hold its keys.
  for (const master of mastersOf(redis)) await searchMaster(master, { redis, ...search });
}

async function searchMaster(master: Redis, { redis, keys, record, signal }: Search): Promise<void> {
  const { subject } = record;
  let cursor = '0';
  do {
    const [next, found] = await master.scan(cursor, 'MATCH', patternFor(keys, subject), 'COUNT', SCANNED);
    const left = found.filter((key) => isLeftOver(keys, key, record));
    if (left.length > 0) await redis.unlink(...left);
    cursor = next;
    await pause(PAUSE_MS, undefined, { signal, ref: false });
  } while (cursor !== '0');
}

function isLeftOver(keys: Keys, key: string, { subject, policies, limits }: RunningErasure): boolean {
  const owner = ownerOf(keys, key);
  // The request ids of calls were deleted at the start.
  if (owner?.subject !== subject || owner.policy === '') return false;
  const { policy, limit } = owner;
  return limit === '' ? !policies.includes(policy) : !limits.includes(`${policy}:${limit}`);
}

/** Searches all overrides for the subject's, under any policy, that were set before the erasure began. */
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
