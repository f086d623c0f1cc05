import type { Logger } from 'pino';
import { createMemoryStore } from '../memory/store';
import type { Backend } from './backend';

/** How often to forget what no longer has an effect. */
const SWEEP_MS = 10_000;

const UP_TO_DATE = { lagSeconds: 0, backlogEntries: 0, droppedEntries: 0 };

const NO_OUTAGE = { unaskedPartitions: {}, journalEntries: 0, droppedEntries: 0, localSubjects: 0 };

export interface MemoryBackendOptions {
  readonly hashOf: (subject: string) => string;
  readonly logger: Logger;
}

/** `REDIS_URL=memory:`: for development, and for other teams' tests. */
export function createMemoryBackend({ hashOf, logger }: MemoryBackendOptions): Backend {
  return {
    connections: {},
    isUsable: { admissions: () => true, calls: () => true },
    storeFindings: {},
    async start({ opened, instrument, record, self }) {
      const store = createMemoryStore({ hashOf });
      const timer = setInterval(store.sweep, SWEEP_MS).unref();
      logger.warn(
        'REDIS_URL is memory: this process counts by itself, no other daemon sees what it counts, and nothing survives its end',
      );
      opened(() => true);
      return {
        store: record.store(instrument(store)),
        decided: () => undefined,
        erasing: record.erasing(store.erasing),
        auditing: store.auditing,
        fleet: { list: async () => [self()] },
        feedChannel: undefined,
        isServing: { store: () => true, calls: () => true },
        policiesChanged: () => undefined,
        clocks: () => [],
        folding: () => UP_TO_DATE,
        outage: () => NO_OUTAGE,
        stop: async () => clearInterval(timer),
      };
    },
  };
}
