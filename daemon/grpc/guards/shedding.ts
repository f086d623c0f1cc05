import type { OutgoingHttpHeaders } from 'node:http2';
import { type Metadata, status } from '@grpc/grpc-js';
import { QuotaAdminServiceService } from '../../../gen/quota/v1/quota_admin_service';
import { QuotaServiceService } from '../../../gen/quota/v1/quota_service';
import { createFairShares, type FairShares, type Share } from '../../access/fair_shares';
import { type EarlyRefusal, trailersOnly } from '../listening/early_refusals';
import { detailsTrailer, statusOf } from '../status';
import { identityOf } from './authenticate';
import type { Refusal, RequestGuard, Watch } from './guards';
import { createLoadLimit, type Ending, type LoadLimit, Overloaded, type Passage } from './load_limit';

/** Refuses what is too much before it is decoded, at the least cost, and counts what is in flight. */
export interface Shedding {
  /**
   * Answers a request before anything is made of it, given its path, if it is too much: the cheapest refusal. The callers
   * with the most in flight, by weight, are refused first; what the others send may go somewhat beyond the limit.
   */
  readonly refusalOf: EarlyRefusal;
  /**
   * Counts what was let in. It refuses by itself what is too much, at a higher cost. Comes first of the guards, or what is
   * refused would have cost as much as what is answered.
   */
  readonly guard: RequestGuard;
  /** Counts what each caller has in flight, of those that were let in. It comes after authentication. */
  readonly attribution: RequestGuard;
  /**
   * Counts a request as so many decisions, once it is decoded. `metadata` is that which its handler was given. Throws
   * `Overloaded` if they are too many.
   */
  weigh(metadata: Metadata, decisionCount: number): void;
  /** What may be in flight now, and what is, in decisions. */
  state(): { readonly limit: number; readonly inFlight: number };
}

export interface SheddingOptions {
  /** False lets everything in. */
  readonly isShedding: boolean;
  /** Is called for each refused request, with its method as package.Service/Method. */
  readonly onShed: (method: string) => void;
  readonly decisions?: LoadLimit;
  readonly operations?: LoadLimit;
  readonly shares?: FairShares;
}

/** Twice what a pause of half a second leaves waiting at a thousand requests a second. */
const MOST_DECISIONS = 1000;

/** Enough for a caller with little in flight to find room at once, and no more than a slow moment of the store adds. */
const RESERVE = 0.25;

/**
 * So many are decided within some milliseconds, so they are no queue that a caller would notice; with less, a few dozen
 * callers that each wait for an answer would be refused on a machine that is merely busy.
 */
const LEAST_DECISIONS = 128;

/** The one method whose requests hold more than one decision. A weak map of all requests would keep the collector busy. */
const WEIGHED = QuotaServiceService.batchAdmit.path;

/** Operators' calls read and change much, and must neither be crowded out by callers nor crowd them out. */
const OPERATIONS = { least: 8, most: 64 };

/** Refusals are made once: making one costs as much as all else of a refused request. Several, so that callers do not all return at once. */
const REFUSAL_COUNT = 16;

export function createShedding({
  isShedding,
  onShed,
  decisions = createLoadLimit({ least: LEAST_DECISIONS, most: MOST_DECISIONS, reserve: RESERVE }),
  operations = createLoadLimit(OPERATIONS),
  shares = createFairShares(),
}: SheddingOptions): Shedding {
  const limits = limitsByPath(decisions, operations);
  const passages = new WeakMap<Metadata, Passage>();
  const shareOf = new WeakMap<Metadata, Share>();
  const nextRefusal = createRefusals();

  /** Finds the passage again when its request is decoded. */
  function remember(passage: Passage): Watch {
    return {
      onMetadata(metadata) {
        passages.set(metadata, passage);
        return true;
      },
    };
  }

  /** A request that is refused, counted. */
  function shed(path: string): PreparedRefusal {
    onShed(path.slice(1));
    return nextRefusal();
  }

  return {
    refusalOf(path = '', callerOf) {
      const limit = isShedding ? limits.get(path) : undefined;
      if (limit === undefined || !limit.isFull()) return undefined;
      const isRefused = limit.isExhausted() || shares.isFirstToRefuse(callerOf());
      return isRefused ? shed(path).headers : undefined;
    },
    attribution({ method }) {
      if (!isShedding || limits.get(method.path) !== decisions) return undefined;
      let share: Share | undefined;
      return {
        onMetadata(metadata) {
          const caller = identityOf(metadata);
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
      return method.path === WEIGHED ? { ...watch(passage), ...remember(passage) } : watch(passage);
    },
    weigh(metadata, decisionCount) {
      passages.get(metadata)?.weigh(decisionCount);
      shareOf.get(metadata)?.weigh(decisionCount);
    },
    state: decisions.state,
  };
}

/** Health and reflection have no limit; nor have lasting streams, which are limited by their number. */
function limitsByPath(decisions: LoadLimit, operations: LoadLimit): ReadonlyMap<string, LoadLimit> {
  const { admit, batchAdmit, recordCall } = QuotaServiceService;
  const deciding: ReadonlySet<string> = new Set([admit, batchAdmit, recordCall].map(({ path }) => path));
  const methods = [...Object.values(QuotaServiceService), ...Object.values(QuotaAdminServiceService)];
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

/** What was not answered as asked took less time than an answer, or the time of a silent store. */
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
  const { code, message, ...rest } = statusOf(new Overloaded(), '');
  const metadata = detailsTrailer({ code, message, ...rest });
  return { status: { code, details: message, metadata }, headers: trailersOnly({ code, message, metadata }) };
}
