import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { type Erasing, UnknownErasure } from '../../quota/erasing';
import type { Policy } from '../../quota/policies';
import { translateFailure } from '../failures';
import type { Keys } from '../keys';
import type { Opening } from '../opening';
import { unpack } from '../packing';
import { beginErasure } from './begin';
import { createEraser } from './eraser';
import { type EndedErasure, type RunningErasure, toErasure } from './record';

/** Another daemon goes on with an erasure once the one that works on it was silent for so long. */
const LEASE_MS = 5_000;

export interface ErasingOptions {
  readonly redis: Redis;
  readonly calls: Redis;
  readonly keys: Keys;
  readonly partitions: number;
  readonly policies: () => Iterable<Policy>;
  readonly opening: Pick<Opening, 'claimOf' | 'guard' | 'isOpen'>;
  readonly callsOpening: Pick<Opening, 'claimOf' | 'isOpen'>;
  readonly daemonId: string;
  readonly hashOf: (subject: string) => string;
  readonly leaseMs?: number;
  readonly logger: Logger;
}

/** Erasing, with the work in the background that goes with it. */
export interface RedisErasing extends Erasing {
  start(): void;
  stop(): Promise<void>;
}

export function createErasing(options: ErasingOptions): RedisErasing {
  const { redis, keys, partitions, opening, callsOpening, hashOf, leaseMs = LEASE_MS } = options;
  const eraser = createEraser({
    ...options,
    leaseMs,
    callsClaimOf: callsOpening.claimOf,
    isOpen: () => opening.isOpen() && callsOpening.isOpen(),
  });

  return {
    start: eraser.start,
    stop: eraser.stop,

    async eraseSubject(subject) {
      const begun = await opening.guard(() =>
        beginErasure({ ...options, claimOf: opening.claimOf }, { subject, subjectHash: hashOf(subject) }),
      );
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
