import type { Logger } from 'pino';
import type { Answer } from '../../quota/admission';
import { createDenialCache } from '../../quota/denial_cache';
import { StoreUnavailable } from '../../quota/errors';
import type { Asked, Patience } from '../../quota/store';
import type { TakingsSample } from '../../quota/takings_sample';
import { type Wait, waitOf } from '../../quota/waits';
import type { CircuitOf } from '../circuit';
import { createClockReader } from '../clock_reading';
import { createStoreClocks } from '../clocks';
import { type Durables, nameOf } from '../durables';
import type { Keys } from '../keys';
import type { Database } from '../nodes';
import type { Opening } from '../opening';
import type { ClockEstimate } from '../store_clock';
import { admitAll, type Entry, type JoinedReply, type Outcome } from './admit';
import type { Encoder } from './encoder';
import { createJoiner, type Joiner } from './joiner';
import { createTakingsSampler } from './takings_sampler';

/** What is reported of admissions besides the decision. */
export interface AdmissionEvents {
  /** This many were sent to Redis in one call. */
  joined(admissionCount: number): void;
  /** One reached Redis after its deadline and took nothing. */
  cameLate(): void;
  /** One was denied without Redis. */
  deniedFromCache(policy: string): void;
  /** The store's clock jumped forward or, if negative, backward. */
  clockJumped(jumpUs: number): void;
  /** The takings of some subjects were looked at. */
  sampled(sample: TakingsSample): void;
}

export interface AdmittingOptions {
  readonly redis: Database;
  readonly keys: Keys;
  readonly encoder: Encoder;
  readonly opening: Opening;
  readonly circuitOf: CircuitOf;
  /** For policies whose answers wait, which are rejected without it. */
  readonly durables: Durables | undefined;
  readonly isJoining: boolean;
  readonly isCachingDenials: boolean;
  readonly events: AdmissionEvents | undefined;
  readonly logger: Logger;
}

export interface Admitting {
  admitAll(asked: readonly Asked[], patience: Patience): Promise<readonly Answer[]>;
  /** Forgets the denials of these subjects. */
  forget(subjects: Iterable<string>): void;
  /** What is known of the store's clocks. */
  clocks(): readonly ClockEstimate[];
  /** Reads the clock of a partition. Rejects with `StoreUnavailable`. */
  readClock(partition: number): Promise<void>;
}

/** Sends admissions to Redis: after the denial cache, joined with others, before their deadline. */
export function createAdmitting(options: AdmittingOptions): Admitting {
  const { redis, keys, encoder, opening, circuitOf, durables } = options;
  const { isJoining, isCachingDenials, events, logger } = options;
  const clocks = createStoreClocks({
    redis,
    keys,
    onJump(jumpUs) {
      events?.clockJumped(jumpUs);
      logger.warn({ jumpMs: Math.round(jumpUs / 1000) }, "the store's clock has jumped");
    },
  });

  const sampler = events && createTakingsSampler({ redis, keys, onSample: events.sampled });
  const reader = createClockReader({ redis, keys, clocks, circuitOf });

  async function send(on: Database, partition: number, entries: readonly Entry[]): Promise<JoinedReply> {
    const claim = opening.claimOf(partition);
    const sentMs = performance.now();
    const place = { redis: on, keys, encoder, partition, claim };
    const reply = await admitAll(place, entries);
    clocks.of(partition).observe({ sentMs, receivedMs: performance.now(), storeUs: reply.nowUs });
    sampler?.decided(entries, reply);
    return reply;
  }

  async function sendDurably(
    wait: Wait,
    { partition, entries }: { partition: number; entries: readonly Entry[] },
  ): Promise<JoinedReply> {
    if (durables === undefined) throw new StoreUnavailable({ cause: new Error('nothing waits') });
    const durable = await durables.of(wait);
    const circuit = circuitOf(partition);
    circuit.assertClosed();
    // The circuit does not send at once, and the wait must be sent after the write.
    const { result, confirmed } = durable.run(partition, (master) => send(master, partition, entries));
    return { ...(await circuit.run(() => result)), confirmed };
  }

  const common = {
    partitionOf: keys.partitionOf,
    toStoreUs: (monotonicMs: number, partition: number) => clocks.of(partition).deadlineUs(monotonicMs),
    readClock: reader.readUnknown,
    isJoining,
    wantsIds: isCachingDenials,
    onCall: events?.joined,
    onLate: events?.cameLate,
  };
  const joiner = createJoiner({
    ...common,
    admitAll: (partition, entries) =>
      opening.guard(() => circuitOf(partition).run(() => send(redis, partition, entries)), partition),
  });
  const waitingJoiners = new Map<string, Joiner>();

  /** A joiner for each kind of wait: its calls use separate connections, which wait after each group of writes. */
  function joinerOf(wait: Wait | undefined): Joiner {
    if (wait === undefined) return joiner;
    const kind = nameOf(wait);
    const known =
      waitingJoiners.get(kind) ??
      createJoiner({
        ...common,
        admitAll: (partition, entries) =>
          opening.guard(() => sendDurably(wait, { partition, entries }), partition),
      });
    waitingJoiners.set(kind, known);
    return known;
  }

  /** In order. */
  async function askAll(asked: readonly Asked[], patience: Patience): Promise<readonly (Outcome | Error)[]> {
    if (asked.every(({ policy }) => waitOf(policy) === undefined)) return joiner.admitAll(asked, patience);
    const joiners = asked.map(({ policy }) => joinerOf(waitOf(policy)));
    const used = new Set(joiners);
    const outcomes: (Outcome | Error)[] = [];
    await Promise.all(
      Array.from(used, async (each) => {
        const places = [...joiners.keys()].filter((place) => joiners[place] === each);
        const theirs = places.map((place) => asked[place] as Asked);
        const answers = await each.admitAll(theirs, patience);
        for (const [at, place] of places.entries()) outcomes[place] = answers[at] as Outcome | Error;
      }),
    );
    return outcomes;
  }

  const cache = createDenialCache({ onCached: (policy) => events?.deniedFromCache(policy) });

  return {
    admitAll(asked, patience) {
      const ask = (open: readonly Asked[]) => askAll(open, patience);
      return isCachingDenials ? cache.decideAll(asked, ask) : ask(asked).then(withoutIds);
    },
    forget(subjects) {
      for (const subject of subjects) cache.forget(subject);
    },
    clocks: clocks.estimates,
    readClock: reader.read,
  };
}

function withoutIds(outcomes: readonly (Outcome | Error)[]): Answer[] {
  return outcomes.map((outcome) => (outcome instanceof Error ? outcome : outcome.decision));
}
