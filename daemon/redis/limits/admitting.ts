import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Answer } from '../../quota/admission';
import { createDenialCache } from '../../quota/denial_cache';
import { StoreUnavailable } from '../../quota/errors';
import type { Asked, Patience } from '../../quota/store';
import type { Circuit } from '../circuit';
import type { Durable } from '../durable';
import type { Keys } from '../keys';
import type { Opening } from '../opening';
import { type ClockEstimate, createStoreClock } from '../store_clock';
import { admitAll, type Entry, type JoinedReply, type Outcome } from './admit';
import type { Encoder } from './encoder';
import { createJoiner } from './joiner';

/** What happens to admissions besides being decided. */
export interface AdmissionEvents {
  /** So many went to Redis in one call. */
  joined(admissionCount: number): void;
  /** One reached Redis after its deadline, and took nothing. */
  cameLate(): void;
  /** One was denied without Redis. */
  deniedFromCache(policy: string): void;
  /** The store's clock went forward or, if negative, back. */
  clockJumped(jumpUs: number): void;
}

export interface AdmittingOptions {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly encoder: Encoder;
  readonly opening: Opening;
  readonly circuit: Circuit;
  /** For the policies that are durable; those are refused without it. */
  readonly durable: Durable | undefined;
  readonly isJoining: boolean;
  readonly isCachingDenials: boolean;
  readonly events: AdmissionEvents | undefined;
  readonly logger: Logger;
}

export interface Admitting {
  admitAll(asked: readonly Asked[], patience: Patience): Promise<readonly Answer[]>;
  /** What is known of the store's clock. */
  clock(): ClockEstimate | undefined;
}

/** The way of an admission to Redis: past what was denied just now, together with others, before its deadline. */
export function createAdmitting(options: AdmittingOptions): Admitting {
  const { redis, keys, encoder, opening, circuit, durable } = options;
  const { isJoining, isCachingDenials, events, logger } = options;
  const clock = createStoreClock({
    onJump(jumpUs) {
      events?.clockJumped(jumpUs);
      logger.warn({ jumpMs: Math.round(jumpUs / 1000) }, "the store's clock has jumped");
    },
  });
  redis.on('close', clock.reset);

  async function send(on: Redis, partition: number, entries: readonly Entry[]): Promise<JoinedReply> {
    const claim = opening.claimOf(partition);
    const sentMs = performance.now();
    const place = { redis: on, keys, encoder, partition, claim };
    const reply = await admitAll(place, entries);
    clock.observe({ sentMs, receivedMs: performance.now(), storeUs: reply.nowUs });
    return reply;
  }

  async function sendDurably(partition: number, entries: readonly Entry[]): Promise<JoinedReply> {
    if (durable === undefined) throw new StoreUnavailable({ cause: new Error('nothing waits for the disk') });
    circuit.assertClosed();
    // The circuit does not send at once, and the wait for the disk must not be sent before the write.
    const { result, onDisk } = durable.run(() => send(durable.redis, partition, entries));
    return { ...(await circuit.run(() => result)), onDisk };
  }

  const common = {
    partitionOf: keys.partitionOf,
    toStoreUs: clock.deadlineUs,
    isJoining,
    wantsIds: isCachingDenials,
    onCall: events?.joined,
    onLate: events?.cameLate,
  };
  const joiner = createJoiner({
    ...common,
    admitAll: (partition, entries) => opening.guard(() => circuit.run(() => send(redis, partition, entries))),
  });
  const durableJoiner = createJoiner({
    ...common,
    admitAll: (partition, entries) => opening.guard(() => sendDurably(partition, entries)),
  });
  /** In order. Those of durable policies go by their own way, which waits for the disk. */
  async function askAll(asked: readonly Asked[], patience: Patience): Promise<readonly (Outcome | Error)[]> {
    const durableAsked = asked.filter(({ policy }) => policy.isDurable);
    if (durableAsked.length === 0) return joiner.admitAll(asked, patience);
    const others = asked.filter(({ policy }) => !policy.isDurable);
    const [onDisk, plain] = await Promise.all([
      durableJoiner.admitAll(durableAsked, patience),
      joiner.admitAll(others, patience),
    ]);
    let [nextOnDisk, nextPlain] = [0, 0];
    return asked.map(
      ({ policy }) => (policy.isDurable ? onDisk[nextOnDisk++] : plain[nextPlain++]) as Outcome | Error,
    );
  }

  const cache = createDenialCache({ onCached: (policy) => events?.deniedFromCache(policy) });

  return {
    admitAll(asked, patience) {
      const ask = (open: readonly Asked[]) => askAll(open, patience);
      return isCachingDenials ? cache.decideAll(asked, ask) : ask(asked).then(withoutIds);
    },
    clock: clock.estimate,
  };
}

function withoutIds(outcomes: readonly (Outcome | Error)[]): Answer[] {
  return outcomes.map((outcome) => (outcome instanceof Error ? outcome : outcome.decision));
}
