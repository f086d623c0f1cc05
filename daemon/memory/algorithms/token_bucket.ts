import { bucketUnits } from '../../quota/algorithms/token_bucket';
import type { Limit } from '../../quota/limits';
import type { Account, LimitState } from '../account';
import { type MemoryAlgorithm, type Moment, US_PER_MS } from './algorithm';

/** The whole numbers in which a bucket of some size counts: see `bucketUnits`. */
interface Units {
  readonly unitsPerToken: number;
  readonly unitsPerUs: number;
}

/** A bucket that refills evenly, all of it in one window. */
export const tokenBucket: MemoryAlgorithm = {
  view(account, limit, moment) {
    const { size, nowUs } = moment;
    const units = unitsOf(limit, size);
    const { unitsPerToken, unitsPerUs } = units;
    const state = stateOf(account, limit, { ...moment, unitsPerToken });
    const { sinceUs } = state;
    const debt = debtOf(state, units, { size, nowUs });

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

      take({ cost }) {
        const taken = debt + cost * unitsPerToken;
        account.states.set(limit.name, { debt: taken, unitsPerToken, atUs: nowUs, sinceUs });
      },

      refund({ cost, atUs }) {
        // A bucket that is newer than the request, by a reset or a reload, has none of its tokens.
        if (!account.states.has(limit.name) || atUs < sinceUs) return;
        // What may have come back by itself is not given back as well: only later tokens may be missing.
        const missing = Math.min(cost, size) * unitsPerToken - (nowUs - atUs) * unitsPerUs;
        if (missing <= 0) return;
        const left = Math.max(0, debt - missing);
        account.states.set(limit.name, { debt: left, unitsPerToken, atUs: nowUs, sinceUs });
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

/**
 * What is missing now. If the size has changed since, what was taken stays taken, in the new units; but nobody ever owes
 * more than one full bucket, so that no change denies a subject for longer than one window.
 */
function debtOf(state: LimitState, units: Units, { size, nowUs }: { size: number; nowUs: number }): number {
  const { unitsPerToken, unitsPerUs } = units;
  const isResized = state.unitsPerToken !== unitsPerToken;
  const owed = isResized ? Math.ceil((state.debt * unitsPerToken) / state.unitsPerToken) : state.debt;
  const atMostFull = Math.min(owed, size * unitsPerToken);
  return Math.max(0, atMostFull - (nowUs - state.atUs) * unitsPerUs);
}
