import type { Logger } from 'pino';
import { type ErasedSubjects, type Erasing, UnknownErasure } from '../../quota/erasing';
import type { Policy } from '../../quota/policies';
import { translateFailure } from '../failures';
import type { Keys } from '../keys';
import type { Database } from '../nodes';
import type { Opening } from '../opening';
import { unpack } from '../packing';
import { beginErasure } from './begin';
import { createEraser } from './eraser';
import { type EndedErasure, type RunningErasure, toErasure } from './record';
import { createErasureWatch } from './watch';

/** Another daemon takes over an erasure after this much silence. */
const LEASE_MS = 5_000;

const US_PER_MS = 1000;

export interface ErasingOptions {
  readonly redis: Database;
  readonly calls: Database;
  readonly keys: Keys;
  readonly callsKeys: Keys;
  readonly partitions: number;
  readonly policies: () => Iterable<Policy>;
  readonly opening: Pick<Opening, 'claimOf' | 'guard' | 'isOpen'>;
  readonly callsOpening: Pick<Opening, 'claimOf' | 'isOpen'>;
  readonly daemonId: string;
  readonly hashOf: (subject: string) => string;
  /** Called with those who are erased, by this daemon or another, so that what this process holds of them goes. */
  readonly onErased: (erased: ErasedSubjects) => void;
  readonly leaseMs?: number;
  readonly logger: Logger;
}

/** Erasing, with its background work. */
export interface RedisErasing extends Erasing {
  start(): void;
  stop(): Promise<void>;
}

export function createErasing(options: ErasingOptions): RedisErasing {
  const { redis, keys, partitions, opening, callsOpening, hashOf, onErased, leaseMs = LEASE_MS } = options;
  const watch = createErasureWatch({ ...options, isOpen: opening.isOpen });
  const eraser = createEraser({
    ...options,
    attended: watch.attended,
    leaseMs,
    callsClaimOf: callsOpening.claimOf,
    isOpen: () => opening.isOpen() && callsOpening.isOpen(),
  });

  return {
    start() {
      eraser.start();
      watch.start();
    },
    async stop() {
      await Promise.all([eraser.stop(), watch.stop()]);
    },

    async eraseSubject(subject) {
      const begun = await opening.guard(() =>
        beginErasure({ ...options, claimOf: opening.claimOf }, { subject, subjectHash: hashOf(subject) }),
      );
      onErased({ named: new Map([[subject, (begun.startTimeMs + 1) * US_PER_MS]]), hashed: new Map() });
      watch.attend(keys.partitionOf(subject));
      eraser.wake();
      return begun;
    },

    async getErasure(id) {
      const partition = Number(/^(\d{1,4})\.[\w-]{36}$/.exec(id)?.[1] ?? Number.NaN);
      if (!(partition < partitions)) throw new UnknownErasure();
      const { running, ended } = keys.erasures(partition);
      const [going, gone] = await Promise.all([
        redis.hgetBuffer(running, id),
        redis.hgetBuffer(ended, id),
      ]).catch((error: unknown) => {
        throw translateFailure(error);
      });
      const record = going ?? gone;
      if (record === null) throw new UnknownErasure();
      return toErasure(id, unpack(record) as RunningErasure | EndedErasure);
    },
  };
}
