import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Auditing } from '../quota/auditing';
import type { DecisionListener } from '../quota/decision_feed';
import type { ErasedSubjects, Erasing } from '../quota/erasing';
import type { Policy } from '../quota/policies';
import type { AdmittedElsewhere, QuotaStore } from '../quota/store';
import { createAuditing } from './auditing';
import { type CircuitOf, CLOSED_CIRCUIT } from './circuit';
import type { Durables } from './durables';
import { createErasing } from './erasing/erasing';
import type { Keys } from './keys';
import { type AdmissionEvents, createAdmitting } from './limits/admitting';
import { createAnnouncer } from './limits/announce';
import { createEncoder } from './limits/encoder';
import { clearOverride, listOverrides, raiseLimit, setOverride } from './limits/overrides';
import { readQuota, resetQuota } from './limits/quotas';
import { refundRequest } from './limits/refund';
import { restoreAll, restoreEntries } from './limits/restore';
import { type Database, isCluster } from './nodes';
import { createOpening, type Opening } from './opening';
import { createPartitionOpenings, type PartitionOpeningsOptions } from './partition_openings';
import { makeRounds } from './rounds';
import type { ClockEstimate } from './store_clock';
import type { FoldProgress } from './usage/consumer';
import { createRecording } from './usage/recording';
import { DEFAULT_LOG_BYTES, type LogBytes } from './usage/retention';
import { createUsage } from './usage/usage';

export interface RedisStoreOptions {
  /** Holds admissions. */
  readonly redis: Database;
  /** Holds the calls of the services. */
  readonly calls: Database;
  readonly keys: Keys;
  /** The keys of the calls, if both are in one database; the same as `keys` unless given. */
  readonly callsKeys?: Keys;
  readonly partitions: number;
  /** The policies in force. */
  readonly policies: () => Iterable<Policy>;
  /** The windows that the statistics count. */
  readonly windowsMs: () => readonly number[];
  /** How large the logs may grow; small unless given. */
  readonly logBytes?: LogBytes;
  /** For policies whose answers wait, which are rejected without it. */
  readonly durables?: Durables;
  /** Calls are answered once they are on disk, if this is given. */
  readonly durableCalls?: Durables;
  /** The hash shown in place of a subject's name; nothing is shown unless given. */
  readonly hashOf?: (subject: string) => string;
  /** Called with those who are erased, by any daemon. */
  readonly onErased?: (erased: ErasedSubjects) => void;
  readonly logger: Logger;
  /** False sends each admission to Redis by itself. */
  readonly isJoining?: boolean;
  /** False asks Redis about each denial. */
  readonly isCachingDenials?: boolean;
  readonly events?: AdmissionEvents;
  /** Fail fast while a database is dead; always closed unless given. */
  readonly circuits?: Readonly<Record<'admissions' | 'calls', CircuitOf>>;
}

export interface RedisStore extends QuotaStore {
  /** Makes the store usable. Throws `StoreUnavailable` (try again) or `StoreMismatch` (never). */
  open(): Promise<void>;
  /** Whether each database is open and usable. */
  readonly isOpen: Readonly<Record<'admissions' | 'calls', () => boolean>>;
  /** Announces the policies in force after a change, so that no other daemon removes what they count. */
  announce(): Promise<void>;
  /** A listener of decisions: counts the denials, which Redis does not write when it decides. */
  readonly decided: DecisionListener;
  /** Writes what was admitted without the store. For each: an error, or undefined. Throws `StoreUnavailable`. */
  restore(admitted: readonly AdmittedElsewhere[]): Promise<(Error | undefined)[]>;
  /** What is known of the clocks of the admissions database; on a Cluster, of each partition's. */
  clocks(): readonly ClockEstimate[];
  /** Ends the background work, after what decisions have left to do. */
  settle(): Promise<void>;
  readonly erasing: Erasing;
  readonly auditing: Auditing;
  /** How far behind the statistics are. */
  readonly foldProgress: FoldProgress;
}

/** The store on two Redis databases. */
export function createRedisStore(options: RedisStoreOptions): RedisStore {
  const { redis, calls, keys, partitions, policies, windowsMs, logger } = options;
  const { isJoining = true, isCachingDenials = false, logBytes = DEFAULT_LOG_BYTES } = options;
  const { durables, durableCalls, events } = options;
  const { circuits = { admissions: () => CLOSED_CIRCUIT, calls: () => CLOSED_CIRCUIT } } = options;
  const { callsKeys = keys, hashOf = () => '' } = options;
  const encoder = createEncoder(keys);
  const databases = { redis, calls, keys, encoder };
  const announcer = createAnnouncer({
    redis,
    keys,
    partitions,
    policies,
    onConversions: encoder.setConversions,
    logger,
  });
  const opening = openingOf({ redis, keys, partitions, logger, onOpen: announcer.announce });

  /** Operators' requests are not joined with a call that would notice another store. */
  async function confirm(subject: string): Promise<void> {
    const partition = keys.partitionOf(subject);
    circuits.admissions(partition).assertClosed();
    await opening.confirm(partition);
  }

  const admitting = createAdmitting({
    redis,
    keys,
    encoder,
    opening,
    circuitOf: circuits.admissions,
    durables,
    isJoining,
    isCachingDenials,
    events,
    logger,
  });

  const callsOpening = openingOf({
    redis: calls,
    keys: callsKeys,
    partitions,
    logger,
    onOpen: async () => undefined,
  });
  const recording = createRecording({
    calls,
    keys: callsKeys,
    partitions,
    logBytes: logBytes.others,
    opening: callsOpening,
    circuitOf: circuits.calls,
    durables: durableCalls,
    logger,
  });
  const usage = createUsage({
    redis,
    calls,
    keys,
    callsKeys,
    partitions,
    claimOf: opening.claimOf,
    isAsked: (partition) => !isCluster(redis) || !circuits.admissions(partition).isOpen(),
    policies,
    windowsMs,
    logBytes,
    hashOf,
    logger,
  });

  const erasing = createErasing({
    ...options,
    callsKeys,
    opening,
    callsOpening,
    daemonId: randomUUID(),
    hashOf,
    onErased(erased) {
      admitting.forget(erased.named.keys());
      options.onErased?.(erased);
    },
  });

  // An emptied store and another clock are noticed even without admissions.
  const stopRounds = makeRounds(isCluster(redis) ? partitions : 1, (partition) => {
    for (const each of [opening, callsOpening])
      if (each.isOpen()) each.confirm(partition).catch(() => undefined);
    admitting.readClock(partition).catch(() => undefined);
  });

  return {
    async open() {
      // In order: a daemon that cannot claim the admissions must not claim the calls.
      if (!opening.isOpen()) await opening.open();
      usage.start();
      erasing.start();
      await callsOpening.open();
    },
    isOpen: { admissions: opening.isOpen, calls: callsOpening.isOpen },

    announce: announcer.announce,

    async settle() {
      announcer.stop();
      stopRounds();
      await Promise.all([usage.stop(), erasing.stop()]);
    },

    erasing,
    auditing: createAuditing({ redis, keys }),

    admitAll: (asked, patience = {}) => admitting.admitAll(asked, patience),

    decided(admission, decision) {
      if (!decision.admitted) usage.denials.record(admission, decision);
    },

    restore: (admitted) =>
      restoreAll(admitted, {
        partitionOf: keys.partitionOf,
        restore: (partition, entries) =>
          opening.guard(async () => {
            const place = { redis, keys, encoder, partition, claim: opening.claimOf(partition), hashOf };
            return circuits.admissions(partition).run(() => restoreEntries(place, entries));
          }, partition),
      }),

    refund: (asked) => {
      const partition = keys.partitionOf(asked.request.subject);
      return opening.guard(async () => {
        const place = { redis, keys, encoder, partition, claim: opening.claimOf(partition) };
        return circuits.admissions(partition).run(() => refundRequest(place, asked));
      }, partition);
    },

    clocks: admitting.clocks,

    async readQuota(subject, policy) {
      await confirm(subject);
      return readQuota(databases, subject, policy);
    },

    async resetQuota(subject, policies) {
      await confirm(subject);
      return resetQuota(databases, subject, policies);
    },

    async setOverride(override) {
      await confirm(override.subject);
      return setOverride(databases, override);
    },

    async raiseLimit(raise) {
      await confirm(raise.subject);
      return raiseLimit(databases, raise);
    },

    async clearOverride(target) {
      await confirm(target.subject);
      return clearOverride(databases, target);
    },

    async listOverrides(query) {
      const assertAsked = (partition: number) => {
        circuits.admissions(partition).assertClosed();
        // Throws unless the store is open.
        opening.claimOf(partition);
      };
      return listOverrides({ ...databases, partitions, assertAsked }, query);
    },

    async listDenied(policy, count) {
      for (let partition = 0; partition < partitions; partition += 1) {
        circuits.admissions(partition).assertClosed();
        // Throws unless the store is open.
        opening.claimOf(partition);
      }
      return usage.listDenied(policy, count);
    },

    recordCall: recording.record,

    async readUsage(query, policies, signal) {
      for (let partition = 0; partition < partitions; partition += 1)
        for (const circuitOf of Object.values(circuits)) circuitOf(partition).assertClosed();
      return opening.guard(() => usage.read(query, policies, signal));
    },

    get foldProgress() {
      return usage.progress;
    },
  };
}

/** A Cluster is opened partition by partition. */
function openingOf(
  options: Omit<PartitionOpeningsOptions, 'onOpen'> & { onOpen: (partition?: number) => Promise<void> },
): Opening {
  return isCluster(options.redis)
    ? createPartitionOpenings(options)
    : createOpening({ ...options, onOpen: () => options.onOpen() });
}
