import { InvalidRequest } from '../../quota/errors';
import type {
  NewOverride,
  Override,
  OverridePage,
  OverrideQuery,
  OverrideTarget,
} from '../../quota/overrides';
import type { BoundedRaise } from '../../quota/raises';
import { translateFailure } from '../failures';
import type { Keys } from '../keys';
import { callFunction } from '../library';
import { type Database, masterOf } from '../nodes';
import { pairs } from '../pairs';

/** One override as Redis keeps it, in JSON. */
interface StoredOverride {
  readonly limit: number;
  readonly expire_ms?: number;
  readonly set_by: string;
  readonly set_ms: number;
}

/** Redis's cursors have 64 bits. */
const MAX_CURSOR = 2n ** 64n - 1n;

interface Place {
  readonly redis: Database;
  readonly keys: Keys;
}

/** Sets an override, or replaces it; undefined if its end has passed. */
export async function setOverride(
  { redis, keys }: Place,
  override: NewOverride,
): Promise<Override | undefined> {
  const { limit, expireTimeMs, setBy } = override;
  const setTimeMs = Number(
    await callFunction(redis, 'set_override', {
      keys: overrideKeys(keys, keys.partitionOf(override.subject)),
      args: [fieldOf(override), limit, expireTimeMs ?? '', setBy],
    }),
  );
  return setTimeMs < 0 ? undefined : { ...override, setTimeMs };
}

/** Sets an override for a time; undefined if it would weaken an active one. */
export async function raiseLimit(
  { redis, keys }: Place,
  { configuredLimit, durationMs, ...override }: BoundedRaise,
): Promise<Override | undefined> {
  const { subject, limit, setBy } = override;
  const setTimeMs = Number(
    await callFunction(redis, 'raise_limit', {
      keys: overrideKeys(keys, keys.partitionOf(subject)),
      args: [fieldOf(override), limit, durationMs, setBy, configuredLimit],
    }),
  );
  return setTimeMs < 0 ? undefined : { ...override, expireTimeMs: setTimeMs + durationMs, setTimeMs };
}

/** Removes an override; false if there was none. */
export async function clearOverride({ redis, keys }: Place, target: OverrideTarget): Promise<boolean> {
  const removed = await callFunction(redis, 'clear_override', {
    keys: overrideKeys(keys, keys.partitionOf(target.subject)),
    args: [fieldOf(target)],
  });
  return Number(removed) === 1;
}

function overrideKeys(keys: Keys, partition: number): string[] {
  return [keys.control(partition), keys.overrides(partition)];
}

interface OverrideLists extends Place {
  readonly partitions: number;
  /** Throws `StoreUnavailable` if a partition cannot be asked now. */
  readonly assertAsked?: (partition: number) => void;
}

/** A page of overrides: one step of a scan of one partition, without expired ones. */
export async function listOverrides(
  { redis, keys, partitions, assertAsked }: OverrideLists,
  { subject, pageSize, pageToken }: OverrideQuery,
): Promise<OverridePage> {
  const place = readPageToken(
    pageToken ?? (subject === undefined ? '0:0' : `${keys.partitionOf(subject)}:0`),
  );
  if (place.partition >= partitions) throw invalidPageToken();
  assertAsked?.(place.partition);
  try {
    const { overrides, cursor } = await scan({ redis, keys }, { ...place, pageSize });
    const wanted = overrides.filter((override) => subject === undefined || override.subject === subject);
    const nextPartition = subject === undefined ? place.partition + 1 : partitions;
    const isLast = cursor === '0' && nextPartition >= partitions;
    const next = cursor === '0' ? `${nextPartition}:0` : `${place.partition}:${cursor}`;
    return { overrides: wanted, nextPageToken: isLast ? undefined : next };
  } catch (error) {
    throw translateFailure(error);
  }
}

async function scan(
  { redis, keys }: Place,
  { partition, cursor, pageSize }: { partition: number; cursor: string; pageSize: number },
): Promise<{ overrides: Override[]; cursor: string }> {
  const [[nextCursor, flat], [seconds, microseconds]] = await Promise.all([
    redis.hscan(keys.overrides(partition), cursor, 'COUNT', pageSize),
    masterOf(redis, keys.control(partition)).time(),
  ]);
  const nowMs = Number(seconds) * 1000 + Number(microseconds) / 1000;
  const overrides = pairs(flat).map(([field, stored]) => readOverride(field, JSON.parse(stored)));
  const hasEnded = ({ expireTimeMs }: Override) => expireTimeMs !== undefined && expireTimeMs <= nowMs;
  const ended = overrides.filter(hasEnded).map(fieldOf);
  // These subjects may never be asked for again.
  if (ended.length > 0)
    await callFunction(redis, 'forget_overrides', { keys: overrideKeys(keys, partition), args: ended });
  return { overrides: overrides.filter((override) => !hasEnded(override)), cursor: nextCursor };
}

/** Policies' and limits' names hold no colon; a subject may, so it comes last. `scripts/limits/limits.lua` builds the same. */
function fieldOf({ policy, limitName, subject }: OverrideTarget): string {
  return `${policy}:${limitName}:${subject}`;
}

function readOverride(field: string, { limit, expire_ms, set_by, set_ms }: StoredOverride): Override {
  const [policy = '', limitName = '', ...subject] = field.split(':');
  return {
    subject: subject.join(':'),
    policy,
    limitName,
    limit,
    expireTimeMs: expire_ms,
    setBy: set_by,
    setTimeMs: set_ms,
  };
}

function readPageToken(token: string): { partition: number; cursor: string } {
  const [, partition, cursor] = /^(\d{1,4}):(\d{1,20})$/.exec(token) ?? [];
  if (partition === undefined || cursor === undefined || BigInt(cursor) > MAX_CURSOR)
    throw invalidPageToken();
  return { partition: Number(partition), cursor };
}

function invalidPageToken(): InvalidRequest {
  return new InvalidRequest([
    { field: 'page_token', description: 'must be the next_page_token of a page before' },
  ]);
}
