import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Auditing } from '../quota/auditing';
import type { DecisionListener } from '../quota/decision_feed';
import type { Erasing } from '../quota/erasing';
import type { Policy } from '../quota/policies';
import type { AdmittedElsewhere, QuotaStore } from '../quota/store';
import { createAuditing } from './auditing';
import { type Circuit, CLOSED_CIRCUIT } from './circuit';
import type { Durable } from './durable';
import { createErasing } from './erasing/erasing';
import type { Keys } from './keys';
import { type AdmissionEvents, createAdmitting } from './limits/admitting';
import { createAnnouncer } from './limits/announce';
import { createEncoder } from './limits/encoder';
import { clearOverride, listOverrides, setOverride } from './limits/overrides';
import { readQuota, resetQuota } from './limits/quotas';
import { restoreAll, restoreEntries } from './limits/restore';
import { createOpening } from './opening';
import type { ClockEstimate } from './store_clock';
import { recordCalls } from './usage/calls';
import type { FoldProgress } from './usage/consumer';
import { createRecorder } from './usage/recorder';
import { DEFAULT_LOG_BYTES, type LogBytes } from './usage/retention';
import { createUsage } from './usage/usage';

export interface RedisStoreOptions {
  /** Holds admissions. */
  readonly redis: Redis;
  /** Holds the calls of the services. */
  readonly calls: Redis;
  readonly keys: Keys;
  readonly partitions: number;
  /** The policies in force. */
  readonly policies: () => Iterable<Policy>;
  /** The windows that the statistics count. */
  readonly windowsMs: () => readonly number[];
  /** How much the logs may take; little unless given. */
  readonly logBytes?: LogBytes;
  /** For the policies that are durable, which are refused without it. */
  readonly durable?: Durable;
  /** Calls are answered once they are on disk, if this is given. */
  readonly durableCalls?: Durable;
  /** How a subject appears where its name must not stay; not at all unless given. */
  readonly hashOf?: (subject: string) => string;
  readonly logger: Logger;
  /** False sends each admission to Redis by itself. */
  readonly isJoining?: boolean;
  /** False asks Redis about each denial. */
  readonly isCachingDenials?: boolean;
  readonly events?: AdmissionEvents;
  /** Let nobody wait for a dead database; always closed unless given. */
  readonly circuits?: Readonly<Record<'admissions' | 'calls', Circuit>>;
}

export interface RedisStore extends QuotaStore {
  /** Makes the store usable. Throws `StoreUnavailable` (try again) or `StoreMismatch` (never). */
  open(): Promise<void>;
  /** Whether each database is opened, and has not turned out to be one that cannot be used. */
  readonly isOpen: Readonly<Record<'admissions' | 'calls', () => boolean>>;
  /** Announces the policies in force, as they have changed, so that no other daemon removes what they count. */
  announce(): Promise<void>;
  /** To be subscribed to decisions: counts the denials, which Redis does not write down when it decides. */
  readonly decided: DecisionListener;
  /** Writes what was admitted without the store: what is wrong with each, or undefined. Throws `StoreUnavailable`. */
  restore(admitted: readonly AdmittedElsewhere[]): Promise<(Error | undefined)[]>;
  /** What is known of the clock of the database that holds admissions. */
  clock(): ClockEstimate | undefined;
  /** Ends the work in the background, after what decisions have left to do. */
  settle(): Promise<void>;
  readonly erasing: Erasing;
  readonly auditing: Auditing;
  /** How far the statistics are behind. */
  readonly foldProgress: FoldProgress;
}

/** How often the store is asked whether it is still the one that was claimed. */
const CONFIRM_MS = 2_000;

/** The memory of the service, on two Redis databases. */
export function createRedisStore(options: RedisStoreOptions): RedisStore {
  const { redis, calls, keys, partitions, policies, windowsMs, logger } = options;
  const { isJoining = true, isCachingDenials = false, logBytes = DEFAULT_LOG_BYTES } = options;
  const { durable, durableCalls, events } = options;
  const { circuits = { admissions: CLOSED_CIRCUIT, calls: CLOSED_CIRCUIT } } = options;
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
  const opening = createOpening({ redis, keys, partitions, logger, onOpen: announcer.announce });

  /** What operators ask is not joined with anything that would notice another store. */
  async function confirm(subject: string): Promise<void> {
    circuits.admissions.assertClosed();
    await opening.confirm(keys.partitionOf(subject));
  }

  const admitting = createAdmitting({
    redis,
    keys,
    encoder,
    opening,
    circuit: circuits.admissions,
    durable,
    isJoining,
    isCachingDenials,
    events,
    logger,
  });

  const callsOpening = createOpening({
    redis: calls,
    keys,
    partitions,
    logger,
    onOpen: async () => undefined,
  });
  const recorder = createRecorder({
    partitionOf: keys.partitionOf,
    recordAll(partition, entries) {
      const record = (on: Redis) => {
        const claim = callsOpening.claimOf(partition);
        const place = { calls: on, keys, partitions, claim, logBytes: logBytes.others };
        return recordCalls(place, partition, entries);
      };
      return callsOpening.guard(async () => {
        if (durableCalls === undefined) return circuits.calls.run(() => record(calls));
        circuits.calls.assertClosed();
        // The circuit does not send at once, and the wait for the disk must not be sent before the write.
        const { result, onDisk } = durableCalls.run(() => record(durableCalls.redis));
        const recorded = await circuits.calls.run(() => result);
        await onDisk;
        return recorded;
      });
    },
  });
  const usage = createUsage({
    redis,
    calls,
    keys,
    partitions,
    claimOf: opening.claimOf,
    policies,
    windowsMs,
    logBytes,
    logger,
  });

  const erasing = createErasing({
    ...options,
    opening,
    callsOpening,
    daemonId: randomUUID(),
    hashOf: options.hashOf ?? (() => ''),
  });

  // A store that was emptied is noticed even if nobody asks for an admission.
  const confirmations = setInterval(() => {
    for (const each of [opening, callsOpening]) if (each.isOpen()) each.confirm(0).catch(() => undefined);
  }, CONFIRM_MS).unref();

  return {
    async open() {
      // In order: a daemon that may not have the admissions must not claim the calls.
      if (!opening.isOpen()) await opening.open();
      usage.start();
      erasing.start();
      await callsOpening.open();
    },
    isOpen: { admissions: opening.isOpen, calls: callsOpening.isOpen },

    announce: announcer.announce,

    async settle() {
      announcer.stop();
      clearInterval(confirmations);
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
            const place = { redis, keys, encoder, partition, claim: opening.claimOf(partition) };
            return circuits.admissions.run(() => restoreEntries(place, entries));
          }),
      }),

    clock: admitting.clock,

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

    async clearOverride(target) {
      await confirm(target.subject);
      return clearOverride(databases, target);
    },

    async listOverrides(query) {
      circuits.admissions.assertClosed();
      // Throws unless the store is open.
      opening.claimOf(0);
      return listOverrides({ ...databases, partitions }, query);
    },

    recordCall: recorder.record,

    async readUsage(query, policies, signal) {
      for (const circuit of Object.values(circuits)) circuit.assertClosed();
      return opening.guard(() => usage.read(query, policies, signal));
    },

    get foldProgress() {
      return usage.progress;
    },
  };
}
