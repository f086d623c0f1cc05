import type { OutgoingHttpHeaders } from 'node:http2';
import { type Metadata, status } from '@grpc/grpc-js';
import { RateLimitServiceService } from '../../../gen/envoy/service/ratelimit/v3/rls';
import { QuotaAdminServiceService } from '../../../gen/quota/v1/quota_admin_service';
import { QuotaServiceService } from '../../../gen/quota/v1/quota_service';
import { createFairShares, type FairShares, type Share } from '../../access/fair_shares';
import { type HasRoom, type OnLeft, type RefusalOf, trailersOnly } from '../listening/early_refusals';
import { detailsTrailer, statusOf } from '../status';
import { callerOf } from './authenticate';
import type { Refusal, RequestGuard, Watch } from './guards';
import { createLoadLimit, type Ending, type LoadLimit, Overloaded, type Passage } from './load_limit';

/** Rejects excess requests before they are decoded, as cheaply as possible, and counts what is in flight. */
export interface Shedding {
  /**
   * Whether there is room for a request, given its path, before anything is made of it. The callers with the most in
   * flight, by weight, are the first to find none; the others may go somewhat beyond the limit.
   */
  readonly hasRoom: HasRoom;
  /** Counts a request that found no room, and returns its answer: the cheapest way to reject one. */
  readonly refusalOf: RefusalOf;
  /** Counts a request whose caller left while it waited for room. */
  readonly onLeft: OnLeft;
  /**
   * Counts accepted requests, and also rejects excess ones, at a higher cost. Must be the first guard, or a rejected
   * request would cost as much as an answered one.
   */
  readonly guard: RequestGuard;
  /** Counts the accepted requests that each caller has in flight. Runs after authentication. */
  readonly attribution: RequestGuard;
  /**
   * Sets how many decisions a request counts as, once it is decoded. `metadata` is what its handler received. Throws
   * `Overloaded` if there are too many, and counts the rejection; callers with less in flight than others may go somewhat
   * beyond the limit, as in `hasRoom`.
   */
  weigh(metadata: Metadata, decisionCount: number): void;
  /** Counts a request that was rejected once it was decoded, given its path. */
  readonly onOverloaded: (path: string) => void;
  /** The current limit and what is in flight, in decisions. */
  state(): { readonly limit: number; readonly inFlight: number };
}

export interface SheddingOptions {
  /** False accepts everything. */
  readonly isShedding: boolean;
  /**
   * Called for each rejected request, with its method as package.Service/Method. The guards after this one see only those
   * that were decoded.
   */
  readonly onShed: (method: string, stage: 'undecoded' | 'decoded') => void;
  /** Called for each request whose caller left before there was room for it, with its method. */
  readonly onLeft: (method: string) => void;
  readonly decisions?: LoadLimit;
  readonly operations?: LoadLimit;
  readonly shares?: FairShares;
}

/** Twice what a pause of half a second leaves waiting at a thousand requests a second. */
const MOST_DECISIONS = 1000;

/** Enough for a caller with little in flight to find room at once, and no more than a slow moment of the store adds. */
const RESERVE = 0.25;

/**
 * This many are decided within some milliseconds, so no caller notices the queue; with less, a busy machine would reject
 * a few dozen callers that each wait for one answer.
 */
const LEAST_DECISIONS = 128;

/** If callers give up, what is in flight delays what they still wait for: then two joined calls are enough. */
const LEAST_GIVEN_UP = 32;

const DECISIONS = {
  least: LEAST_DECISIONS,
  leastGivenUp: LEAST_GIVEN_UP,
  most: MOST_DECISIONS,
  reserve: RESERVE,
};

/** The methods whose requests may hold more than one decision. A weak map of all requests would keep the collector busy. */
const WEIGHED: ReadonlySet<string> = new Set([
  QuotaServiceService.batchAdmit.path,
  RateLimitServiceService.shouldRateLimit.path,
]);

/** Operators' calls read and change a lot, and must neither crowd out other callers nor be crowded out. */
const OPERATIONS = { least: 8, most: 64 };

/**
 * Refusals are prepared once: making one costs as much as the rest of a rejected request. There are several, so that
 * callers do not all return at once.
 */
const REFUSAL_COUNT = 16;

export function createShedding({
  isShedding,
  onShed,
  onLeft,
  decisions = createLoadLimit(DECISIONS),
  operations = createLoadLimit(OPERATIONS),
  shares = createFairShares(),
}: SheddingOptions): Shedding {
  const limits = limitsByPath(decisions, operations);
  const passages = new WeakMap<Metadata, { readonly passage: Passage; readonly path: string }>();
  const shareOf = new WeakMap<Metadata, Share>();
  const nextRefusal = createRefusals();

  /** Finds the passage again when its request is decoded. */
  function remember(passage: Passage, path: string): Watch {
    return {
      onMetadata(metadata) {
        passages.set(metadata, { passage, path });
        return true;
      },
    };
  }

  /** Counts a rejected request and returns its answer. */
  function shed(path: string): PreparedRefusal {
    onShed(path.slice(1), 'undecoded');
    return nextRefusal();
  }

  return {
    hasRoom(path = '', callerOf) {
      const limit = isShedding ? limits.get(path) : undefined;
      if (limit === undefined || !limit.isFull()) return true;
      return !limit.isExhausted() && !shares.isFirstToRefuse(callerOf());
    },
    refusalOf: (path = '') => shed(path).headers,
    onLeft: (path = '') => onLeft(path.slice(1)),
    attribution({ method }) {
      if (!isShedding || limits.get(method.path) !== decisions) return undefined;
      let share: Share | undefined;
      return {
        onMetadata(metadata) {
          const caller = callerOf(metadata);
          if (caller === undefined) return true;
          share = shares.enter(caller);
          shareOf.set(metadata, share);
          return true;
        },
        onCancel: () => share?.leave(),
        onEnd: () => share?.leave(),
      };
    },
    guard({ method }) {
      const limit = isShedding ? limits.get(method.path) : undefined;
      if (limit === undefined) return undefined;
      const passage = limit.enter();
      if (passage === undefined) return { refusal: shed(method.path).status };
      return WEIGHED.has(method.path)
        ? { ...watch(passage), ...remember(passage, method.path) }
        : watch(passage);
    },
    weigh(metadata, decisionCount) {
      const share = shareOf.get(metadata);
      const entered = passages.get(metadata);
      const mayUseReserve = share?.isFirstToRefuse() === false;
      if (entered?.passage.weigh(decisionCount, { mayUseReserve }) === false) {
        onShed(entered.path.slice(1), 'decoded');
        throw new Overloaded();
      }
      share?.weigh(decisionCount);
    },
    onOverloaded: (path) => onShed(path.slice(1), 'decoded'),
    state: decisions.state,
  };
}

/** Health and reflection have no limit; nor do long-lived streams, whose number is limited. */
function limitsByPath(decisions: LoadLimit, operations: LoadLimit): ReadonlyMap<string, LoadLimit> {
  const { admit, batchAdmit, refund, recordCall } = QuotaServiceService;
  const { shouldRateLimit } = RateLimitServiceService;
  const deciding: ReadonlySet<string> = new Set(
    [admit, batchAdmit, refund, recordCall, shouldRateLimit].map(({ path }) => path),
  );
  const services = [QuotaServiceService, RateLimitServiceService, QuotaAdminServiceService];
  const methods = services.flatMap((service) => Object.values(service));
  return new Map(
    methods
      .filter(({ responseStream }) => !responseStream)
      .map(({ path }) => [path, deciding.has(path) ? decisions : operations]),
  );
}

function watch(passage: Passage): Watch {
  return {
    onCancel: () => passage.end('dropped'),
    onEnd: (code) => passage.end(endingOf(code)),
  };
}

/** A request that was not answered normally took less time than an answer, or as long as a silent store. */
function endingOf(code: status): Ending {
  return code === status.OK ? 'answered' : 'failed';
}

/** A refusal, for the library and for HTTP/2. */
interface PreparedRefusal {
  readonly status: Refusal;
  readonly headers: OutgoingHttpHeaders;
}

function createRefusals(): () => PreparedRefusal {
  const refusals = Array.from({ length: REFUSAL_COUNT }, prepareRefusal);
  let last = 0;
  return () => {
    last = (last + 1) % REFUSAL_COUNT;
    return refusals[last] as PreparedRefusal;
  };
}

function prepareRefusal(): PreparedRefusal {
  const answered = statusOf(new Overloaded(), '');
  const { code, message } = answered;
  const metadata = detailsTrailer(answered);
  return { status: { code, details: message, metadata }, headers: trailersOnly({ code, message, metadata }) };
}
