import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { REMEMBERED_DENIAL_MS } from '../../quota/denial_cache';
import { translateFailure } from '../failures';
import { type Keys, rewrittenKey } from '../keys';
import { callFunction } from '../library';
import { type Database, masterOf } from '../nodes';
import { pack } from '../packing';
import type { RunningErasure } from './record';
import { type Rewriting, rewriteLog } from './rewriting';
import { searchKeys, searchOverrides } from './searching';
import type { Step } from './steps';

/** After this time, other daemons have delivered the denials that they counted. */
const SETTLED_MS = 2_000;

const US_PER_MS = 1000;

/** What the steps of an erasure need. */
export interface ErasureParts {
  /** Holds admissions. */
  readonly redis: Database;
  /** Holds the calls of the services. */
  readonly calls: Database;
  readonly keys: Keys;
  /** The keys of the calls, which have the same partitions. */
  readonly callsKeys: Keys;
  /** What a partition of the calls is claimed for. Throws `StoreUnavailable` unless the store is open. */
  readonly callsClaimOf: (partition: number) => string;
  readonly daemonId: string;
  readonly leaseMs: number;
}

/** An erasure's id and start. */
export interface Begun {
  readonly id: string;
  readonly record: RunningErasure;
}

/** Does one step. Throws `StoreUnavailable`, `LeaseLost`, or the signal's abort reason. */
export async function performStep(
  parts: ErasureParts,
  { id, record }: Begun,
  { step, signal }: { step: Step; signal: AbortSignal },
): Promise<void> {
  const { redis, calls, keys, callsKeys } = parts;
  const partition = keys.partitionOf(record.subject);
  const rewrite = (log: Pick<Rewriting, 'redis' | 'log' | 'lease' | 'state' | 'until' | 'policy'>) =>
    rewriteLog({
      ...parts,
      ...log,
      copy: rewrittenKey(log.log),
      subject: record.subject,
      signal,
    });
  const { lease } = keys.erasures(partition);
  switch (step.kind) {
    case 'calls':
      await beginCalls(parts, { id, record });
      return;
    case 'rewrite-admissions': {
      const { policy } = step;
      const cutoff = Array.isArray(record.cutoffs) ? undefined : cutoffOf(record, policy);
      if (cutoff === undefined) return;
      const { state } = keys.usage(partition);
      const log = keys.admissions(partition, policy);
      return rewrite({ redis, log, lease, state, until: { cutoff }, policy });
    }
    case 'rewrite-denials': {
      // Until then, other daemons may deny by what they remember from before.
      const until = { before_us: record.begun_us + REMEMBERED_DENIAL_MS * US_PER_MS };
      await forgetDenied(parts, { partition, policy: step.policy, subject: record.subject });
      return rewrite({ redis, log: keys.denials(partition, step.policy), lease, until, policy: step.policy });
    }
    case 'rewrite-calls': {
      const cutoff = await beginCalls(parts, { id, record });
      if (cutoff === '') return;
      const { log } = callsKeys.calls(partition);
      const callsLease = callsKeys.erasures(partition).lease;
      return rewrite({ redis: calls, log, lease: callsLease, until: { cutoff }, policy: '' });
    }
    case 'search':
      return searchKeys({ redis, keys, record, signal });
    case 'search-calls':
      return searchKeys({ redis: calls, keys: callsKeys, record, signal });
    case 'overrides':
      return searchOverrides({ redis, keys, record, signal });
    case 'settle':
      await waitUntil(
        masterOf(redis, keys.control(partition)),
        record.begun_us / US_PER_MS + SETTLED_MS,
        signal,
      );
      return;
    case 'last-look':
      return lookOnce(parts, { id, record });
  }
}

async function forgetDenied(
  { redis, keys }: ErasureParts,
  { partition, policy, subject }: { partition: number; policy: string; subject: string },
): Promise<void> {
  await redis.zrem(keys.usage(partition).denied(policy), subject).catch((error: unknown) => {
    throw translateFailure(error);
  });
}

function cutoffOf({ cutoffs }: RunningErasure, policy: string): string | undefined {
  return (cutoffs as Readonly<Record<string, string>>)[policy];
}

/** The last entry of the log of calls when the erasure reached it; empty if there was none. */
async function beginCalls(
  { calls, callsKeys: keys, callsClaimOf }: ErasureParts,
  begun: Begun,
): Promise<string> {
  const { subject } = begun.record;
  const partition = keys.partitionOf(subject);
  const { log, bySubject } = keys.calls(partition);
  const request = { claim: callsClaimOf(partition), subject, mark: markOf(begun) };
  const cutoff = await callFunction(calls, 'begin_calls_erasure', {
    keys: [keys.control(partition), bySubject, keys.callRequests(subject), log],
    args: [pack(request)],
  });
  return String(cutoff);
}

function markOf({ id, record }: Begun): string {
  return `${id}.${record.begun_us}`;
}

async function waitUntil(redis: Redis, untilMs: number, signal: AbortSignal): Promise<void> {
  const [seconds] = await redis.time();
  const leftMs = untilMs - Number(seconds) * 1000;
  if (leftMs > 0) await pause(Math.min(leftMs, SETTLED_MS), undefined, { signal, ref: false });
}

/** A daemon may have read the subject from the newcomers just before the erasure began, and registered it afterwards. */
async function lookOnce({ redis, calls, keys, callsKeys }: ErasureParts, begun: Begun): Promise<void> {
  const { subject } = begun.record;
  const partition = keys.partitionOf(subject);
  const { recent, newcomers } = keys.usage(partition);
  const { bySubject } = callsKeys.calls(partition);
  const [isNew, lastUs] = await Promise.all([
    redis.sismember(newcomers, subject),
    redis.zscore(recent, subject),
  ]);
  // A subject that has connected since then must stay known.
  if (isNew === 0 && lastUs === null)
    await callFunction(calls, 'forget_idle_subject', { keys: [bySubject], args: [subject] });
  await calls.hdel(callsKeys.control(partition), `erasing:${markOf(begun)}`).catch((error: unknown) => {
    throw translateFailure(error);
  });
}
