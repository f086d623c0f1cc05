import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Policy } from '../../quota/policies';
import type { Usage, UsageQuery } from '../../quota/usage';
import type { Keys } from '../keys';
import { createConsumer, type FoldProgress } from './consumer';
import { createDenials, type Denials } from './denials';
import { createFolder } from './fold';
import { createRegistrations, registerNewcomers } from './newcomers';
import { readUsage, type UsageRequest } from './read';
import type { LogBytes } from './retention';
import { createShared } from './shared';

export interface UsageOptions {
  /** Holds admissions. */
  readonly redis: Redis;
  /** Holds the calls of the services. */
  readonly calls: Redis;
  readonly keys: Keys;
  readonly partitions: number;
  /** What a partition of the admissions is claimed for. Throws `StoreUnavailable` unless the store is open. */
  readonly claimOf: (partition: number) => string;
  readonly policies: () => Iterable<Policy>;
  /** The windows that are counted. */
  readonly windowsMs: () => readonly number[];
  readonly logger: Logger;
  readonly logBytes: LogBytes;
}

/** Everything that is not the decision itself: the statistics, and the counts of denials. */
export interface UsageStore {
  /** Begins to fold what is admitted into the statistics, in the background. */
  start(): void;
  /** Ends the work in the background, and delivers the denials that are left. */
  stop(): Promise<void>;
  /** Throws `StoreUnavailable`, also if the signal says that the caller has left. */
  read(query: UsageQuery, policies: readonly string[], signal?: AbortSignal): Promise<Usage>;
  readonly denials: Pick<Denials, 'record'>;
  readonly progress: FoldProgress;
}

export function createUsage(options: UsageOptions): UsageStore {
  const { partitions, logger } = options;
  const daemonId = randomUUID();
  const folder = createFolder({ ...options, daemonId });
  const register = (partition: number) => registerNewcomers(options, partition);
  const registrations = createRegistrations(register, logger);
  const consumer = createConsumer({ folder, partitions, logger, onNewcomers: registrations.start });
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
      // What this daemon has denied is counted before its own caller asks; other daemons deliver within a second.
      if (query.hourCount > 0) await denials.flush();
      return shared.run(JSON.stringify({ query, policies } satisfies UsageRequest), signal);
    },

    denials,

    get progress() {
      return consumer.progress;
    },
  };
}
