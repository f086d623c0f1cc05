import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Auditing } from '../quota/auditing';
import type { DecisionListener } from '../quota/decision_feed';
import type { Erasing } from '../quota/erasing';
import type { Policy } from '../quota/policies';
import type { QuotaStore } from '../quota/store';
import { createAuditing } from './auditing';
import type { Durable } from './durable';
import { createErasing } from './erasing/erasing';
import type { Keys } from './keys';
import { type AdmissionEvents, createAdmitting } from './limits/admitting';
import { createAnnouncer } from './limits/announce';
import { createEncoder } from './limits/encoder';
import { clearOverride, listOverrides, setOverride } from './limits/overrides';
import { readQuota, resetQuota } from './limits/quotas';
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
}

export interface RedisStore extends QuotaStore {
  /** Makes the store usable. Throws `StoreUnavailable` (try again) or `StoreMismatch` (never). */
  open(): Promise<void>;
  /** False until it is opened, and if it turned out to be one that cannot be used. */
  isOpen(): boolean;
  /** Announces the policies in force, as they have changed, so that no other daemon removes what they count. */
  announce(): Promise<void>;
  /** To be subscribed to decisions: counts the denials, which Redis does not write down when it decides. */
  readonly decided: DecisionListener;
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
  const { durableCalls, events } = options;
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
  const assertOpen = () => opening.claimOf(0);
  const admitting = createAdmitting({
    redis,
    keys,
    encoder,
    opening,
    durable: options.durable,
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
    recordAll: (partition, entries) => {
      const record = (on: Redis) =>
        recordCalls(
          { calls: on, keys, partitions, claim: callsOpening.claimOf(partition), logBytes: logBytes.others },
          partition,
          entries,
        );
      return callsOpening.guard(async () => {
        if (durableCalls === undefined) return record(calls);
        const { result, onDisk } = durableCalls.run(() => record(durableCalls.redis));
        const recorded = await result;
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
      await opening.open();
      await callsOpening.open();
      usage.start();
      erasing.start();
    },
    isOpen: () => opening.isOpen() && callsOpening.isOpen(),

    announce: announcer.announce,

    async settle() {
      announcer.stop();
      clearInterval(confirmations);
      await Promise.all([usage.stop(), erasing.stop()]);
    },

    erasing,
    auditing: createAuditing({ redis, keys }),

    admit: (admission, policy, patience = {}) => admitting.admit(admission, policy, patience),

    decided(admission, decision) {
      if (!decision.admitted) usage.denials.record(admission, decision);
    },

    clock: admitting.clock,

    async readQuota(subject, policy) {
      await opening.confirm(keys.partitionOf(subject));
      return readQuota(databases, subject, policy);
    },

    async resetQuota(subject, policies) {
      await opening.confirm(keys.partitionOf(subject));
      return resetQuota(databases, subject, policies);
    },

    async setOverride(override) {
      await opening.confirm(keys.partitionOf(override.subject));
      return setOverride(databases, override);
    },

    async clearOverride(target) {
      await opening.confirm(keys.partitionOf(target.subject));
      return clearOverride(databases, target);
    },

    async listOverrides(query) {
      assertOpen();
      return listOverrides({ ...databases, partitions }, query);
    },

    recordCall: recorder.record,

    readUsage: (query, policies, signal) => opening.guard(() => usage.read(query, policies, signal)),

    get foldProgress() {
      return usage.progress;
    },
  };
}
