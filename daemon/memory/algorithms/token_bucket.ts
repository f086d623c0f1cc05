import { bucketUnits } from '../../quota/algorithms/token_bucket';
import type { Limit } from '../../quota/limits';
import type { Account, LimitState } from '../account';
import type { Taking } from '../takings';
import { type MemoryAlgorithm, type Moment, US_PER_MS } from './algorithm';

/** The whole numbers in which a bucket of some size counts: see `bucketUnits`. */
interface Units {
  readonly unitsPerToken: number;
  readonly unitsPerUs: number;
}

/** What is missing, in the units of some size. */
interface Missing {
  readonly debt: number;
  readonly unitsPerToken: number;
}

/** A bucket of some size. */
interface Bucket extends Units {
  readonly size: number;
  readonly debt: number;
}

/**
 * The bucket as it stands now; and while an override lowers it, the whole one of the configured size, from which each token is
 * missing as well. `loweredUs`: since when a state of this lowered size has been kept.
 */
interface Buckets {
  readonly own: Bucket;
  readonly whole: Bucket | undefined;
  readonly loweredUs: number | undefined;
}

/** A bucket that refills evenly, all of it in one window. */
export const tokenBucket: MemoryAlgorithm = {
  view(account, limit, moment) {
    const { size, nowUs } = moment;
    const state = stateOf(account, limit, { ...moment, ...unitsOf(limit, size) });
    const { sinceUs } = state;
    const { own, whole, loweredUs } = bucketsOf(state, limit, moment);
    const { debt, unitsPerToken, unitsPerUs } = own;

    const delayUs = (cost: number) =>
      Math.max(0, Math.ceil((debt + (cost - size) * unitsPerToken) / unitsPerUs));

    function save(left: number, wholeLeft: number): void {
      const kept = whole && {
        ...{ debt: wholeLeft, unitsPerToken: whole.unitsPerToken },
        ...{ loweredTo: size, loweredUs: loweredUs ?? nowUs },
      };
      account.states.set(limit.name, { debt: left, unitsPerToken, atUs: nowUs, sinceUs, whole: kept });
    }

    return {
      retryDelayUs: delayUs,

      describe() {
        const left = Math.floor((size * unitsPerToken - debt) / unitsPerToken);
        const remaining = Math.max(0, left);
        return {
          remaining,
          resetDelayUs: Math.ceil(debt / unitsPerUs),
          nextDelayUs: remaining < size ? delayUs(remaining + 1) : 0,
        };
      },

      take({ cost }) {
        const more = (bucket: Bucket) => bucket.debt + cost * bucket.unitsPerToken;
        save(more(own), whole ? more(whole) : 0);
      },

      refund(taking) {
        // A bucket that is newer than the request, by a reset or a reload, has none of its tokens.
        if (!account.states.has(limit.name) || taking.atUs < sinceUs) return;
        const left = leftAfterRefund(taking, { own, whole, loweredUs }, nowUs);
        if (left !== undefined) save(left.own, left.whole);
      },
    };
  },

  stateOf(limit, { limit: size, remaining, resetDelayUs }, atUs) {
    if (resetDelayUs === 0) return undefined;
    const { unitsPerToken, unitsPerUs } = unitsOf(limit, size);
    // The delay is rounded up, and what remains is rounded down: the smaller debt of the two is still not too small.
    const debt = Math.min(resetDelayUs * unitsPerUs, (size - remaining) * unitsPerToken);
    return { debt, unitsPerToken, atUs, sinceUs: atUs };
  },
};

/** A bucket of size 0 gives nothing back; it is never asked for more than whether it has room. */
function unitsOf(limit: Limit, size: number): Units {
  return size === 0 ? { unitsPerToken: 1, unitsPerUs: 1 } : bucketUnits({ ...limit, limit: size });
}

/** What is kept of the bucket. If another algorithm was replaced by it, what that let through counts as taken now. */
function stateOf(
  { takings, states }: Account,
  limit: Limit,
  { nowUs, convertedUs, unitsPerToken }: Moment & { unitsPerToken: number },
): LimitState {
  const kept = states.get(limit.name);
  if (kept !== undefined) return kept;
  const isTakingOver = convertedUs > 0 && !limit.shadow;
  const takenBefore = isTakingOver ? takings.countWithin(limit.windowMs * US_PER_MS, nowUs) : 0;
  return { debt: takenBefore * unitsPerToken, unitsPerToken, atUs: nowUs, sinceUs: nowUs };
}

/** Both buckets, from what is kept. */
function bucketsOf(state: LimitState, limit: Limit, { size, nowUs }: Moment): Buckets {
  const elapsedUs = nowUs - state.atUs;
  const at = (missing: Missing, itsSize: number) => refilled(missing, elapsedUs, limit, itsSize);
  const { whole = state } = state;
  const isLowered = size < limit.limit;
  const isKept = state.whole?.loweredTo === size;
  const [own, hidden] = [at(state, size), at(whole, size)];
  // After another lowered size, what is missing from either is missing.
  const debt = isKept ? own.debt : isLowered ? Math.max(own.debt, hidden.debt) : hidden.debt;
  return {
    own: { ...own, debt },
    whole: isLowered ? at(whole, limit.limit) : undefined,
    loweredUs: isKept ? state.whole?.loweredUs : undefined,
  };
}

/**
 * What is missing after a time. If the size has changed since, what was taken stays taken, in the new units; but nobody ever
 * owes more than one full bucket, so that no change denies a subject for longer than one window.
 */
function refilled(missing: Missing, elapsedUs: number, limit: Limit, size: number): Bucket {
  const units = unitsOf(limit, size);
  const { unitsPerToken, debt } = missing;
  const isSameUnit = unitsPerToken === units.unitsPerToken;
  const converted = isSameUnit ? debt : Math.ceil((debt * units.unitsPerToken) / unitsPerToken);
  const atMostFull = Math.min(converted, size * units.unitsPerToken);
  return { ...units, size, debt: Math.max(0, atMostFull - elapsedUs * units.unitsPerUs) };
}

/**
 * What is missing once a request is given back; undefined if nothing of it is missing any more. A lowered bucket gives back
 * only what was taken since it has had its size: of an earlier request, another size may have bounded what is missing, or
 * another pace refilled it, so only the whole bucket gives that back.
 */
function leftAfterRefund(
  taking: Taking,
  { own, whole, loweredUs = Number.POSITIVE_INFINITY }: Buckets,
  nowUs: number,
): { own: number; whole: number } | undefined {
  const isOfSize = whole === undefined || taking.atUs >= loweredUs;
  const missing = isOfSize ? stillMissing(taking, own, nowUs) : 0;
  const wholeMissing = whole ? stillMissing(taking, whole, nowUs) : 0;
  if (missing + wholeMissing === 0) return undefined;
  return {
    own: Math.max(0, own.debt - missing),
    whole: Math.max(0, (whole?.debt ?? 0) - wholeMissing),
  };
}

/** What may have come back by itself is not given back as well: only later tokens may be missing. */
function stillMissing({ cost, atUs }: Taking, bucket: Bucket, nowUs: number): number {
  const { size, unitsPerToken, unitsPerUs } = bucket;
  return Math.max(0, Math.min(cost, size) * unitsPerToken - (nowUs - atUs) * unitsPerUs);
}
