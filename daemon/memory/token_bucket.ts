import type { LimitSize } from '../quota/algorithms/algorithm';
import { bucketUnits } from '../quota/algorithms/token_bucket';
import type { LimitView, Moment } from './view';

/** What is missing from a bucket, in whole units: see `bucketUnits`. */
export interface BucketState {
  readonly debt: number;
  readonly unitsPerToken: number;
  readonly atUs: number;
}

interface Units {
  readonly unitsPerToken: number;
  readonly unitsPerUs: number;
}

/** A bucket of size 0 gives nothing back; it is never asked for more than whether it has room. */
export function unitsOf(limit: LimitSize, size: number): Units {
  return size === 0 ? { unitsPerToken: 1, unitsPerUs: 1 } : bucketUnits({ ...limit, limit: size });
}

export interface BucketMoment extends Omit<Moment, 'windowUs'> {
  readonly limit: LimitSize;
  readonly state: BucketState | undefined;
  /** What another algorithm had let through when the bucket took over from it: it counts as taken now. */
  readonly takenBefore: number;
  readonly keep: (state: BucketState) => void;
}

/** A bucket that refills evenly, all of it in one window. */
export function viewBucket({ limit, size, nowUs, state, takenBefore, keep }: BucketMoment): LimitView {
  const units = unitsOf(limit, size);
  const { unitsPerToken, unitsPerUs } = units;
  const started = state ?? { debt: takenBefore * unitsPerToken, unitsPerToken, atUs: nowUs };
  const debt = debtOf(started, units, { size, nowUs });

  const delayUs = (cost: number) =>
    Math.max(0, Math.ceil((debt + (cost - size) * unitsPerToken) / unitsPerUs));

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

    take: ({ cost }) => keep({ debt: debt + cost * unitsPerToken, unitsPerToken, atUs: nowUs }),
  };
}

/**
 * What is missing now. If the size has changed since, what was taken stays taken, in the new units; but nobody ever owes
 * more than one full bucket, so that no change denies a subject for longer than one window.
 */
function debtOf(state: BucketState, units: Units, { size, nowUs }: { size: number; nowUs: number }): number {
  const { unitsPerToken, unitsPerUs } = units;
  const isResized = state.unitsPerToken !== unitsPerToken;
  const owed = isResized ? Math.ceil((state.debt * unitsPerToken) / state.unitsPerToken) : state.debt;
  const atMostFull = Math.min(owed, size * unitsPerToken);
  return Math.max(0, atMostFull - (nowUs - state.atUs) * unitsPerUs);
}

/** The whole tokens that are missing, rounded up. */
export function missingTokens({ debt, unitsPerToken }: BucketState): number {
  return Math.ceil(debt / unitsPerToken);
}
