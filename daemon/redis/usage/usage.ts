import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { DeniedSubject } from '../../quota/denied';
import type { Policy } from '../../quota/policies';
import type { Usage, UsageQuery } from '../../quota/usage';
import type { Keys } from '../keys';
import type { Database } from '../nodes';
import { createConsumer, type FoldProgress } from './consumer';
import { createDenials, type Denials } from './denials';
import { listDenied } from './denied';
import { createFolder } from './fold';
import { createRegistrations, registerNewcomers } from './newcomers';
import { readUsage, type UsageRequest } from './read';
import type { LogBytes } from './retention';
import { createShared } from './shared';

export interface UsageOptions {
  /** Holds admissions. */
  readonly redis: Database;
  /** Holds the calls of the services. */
  readonly calls: Database;
  readonly keys: Keys;
  readonly callsKeys: Keys;
  readonly partitions: number;
  /** Whether a partition is used: not while its writes fail. */
  readonly isAsked: (partition: number) => boolean;
  /** What a partition of the admissions is claimed for. Throws `StoreUnavailable` unless the store is open. */
  readonly claimOf: (partition: number) => string;
  readonly policies: () => Iterable<Policy>;
  /** The windows that are counted. */
  readonly windowsMs: () => readonly number[];
  /** The hash under which an erased subject is remembered. */
  readonly hashOf: (subject: string) => string;
  readonly logger: Logger;
  readonly logBytes: LogBytes;
}

/** Everything besides the decision itself: the statistics and the counts of denials. */
export interface UsageStore {
  /** Starts folding admissions into the statistics, in the background. */
  start(): void;
  /** Ends the background work, and delivers the remaining denials. */
  stop(): Promise<void>;
  /** Throws `StoreUnavailable`, also if the signal is aborted because the caller has left. */
  read(query: UsageQuery, policies: readonly string[], signal?: AbortSignal): Promise<Usage>;
  /** The subjects that a policy denied recently, the latest first. Throws `StoreUnavailable`. */
  listDenied(policy: string, count: number): Promise<DeniedSubject[]>;
  readonly denials: Pick<Denials, 'record'>;
  readonly progress: FoldProgress;
}

export function createUsage(options: UsageOptions): UsageStore {
  const { partitions, logger } = options;
  const daemonId = randomUUID();
  const folder = createFolder({ ...options, daemonId });
  const register = (partition: number) => registerNewcomers(options, partition);
  const registrations = createRegistrations(register, logger);
  const consumer = createConsumer({
    folder,
    partitions,
    isAsked: options.isAsked,
    logger,
    onNewcomers: registrations.start,
  });
  const denials = createDenials({ ...options, daemonId });
  const shared = createShared((key, isWanted) =>
    readUsage({ ...options, folder, registerNewcomers: register }, JSON.parse(key) as UsageRequest, isWanted),
  );

  return {
    start: consumer.start,

    async stop() {
      await consumer.stop();
      await Promise.all([denials.stop(), registrations.settle()]);
    },

    async read(query, policies, signal) {
      // This daemon's denials are counted before its own caller reads; other daemons deliver theirs within a second.
      if (query.hourCount > 0) await denials.flush();
      return shared.run(JSON.stringify({ query, policies } satisfies UsageRequest), signal);
    },

    async listDenied(policy, count) {
      await denials.flush();
      return listDenied(options, { policy, count });
    },

    denials,

    get progress() {
      return consumer.progress;
    },
  };
}
