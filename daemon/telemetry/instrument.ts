import type { Decision } from '../quota/admission';
import { DeadlinePassed, InvalidRequest, StoreUnavailable } from '../quota/errors';
import type { Limiter } from '../quota/limiter';
import type { QuotaStore } from '../quota/store';
import { replyCode } from '../redis/failures';
import type { Metrics, Verdict } from './metrics';

/** The same limiter, with its decisions counted. */
export function instrumentLimiter(limiter: Limiter, metrics: Pick<Metrics, 'decided'>): Limiter {
  return {
    ...limiter,
    async admit(admission, patience) {
      const decision = await limiter.admit(admission, patience);
      // Only here is the name known to be a policy's, and not just what a caller wrote.
      metrics.decided({ policy: admission.policy, verdict: verdictOf(decision) });
      return decision;
    },
  };
}

/** The same store, with its failures counted. Each method stands here, so that a new one is not forgotten. */
export function instrumentStore(store: QuotaStore, metrics: Pick<Metrics, 'storeFailed'>): QuotaStore {
  function counted<Args extends unknown[], Result>(method: (...args: Args) => Promise<Result>) {
    return async (...args: Args): Promise<Result> => {
      try {
        return await method(...args);
      } catch (error) {
        if (!(error instanceof InvalidRequest || error instanceof DeadlinePassed))
          metrics.storeFailed(storeFailureKind(error));
        throw error;
      }
    };
  }
  return {
    admit: counted(store.admit),
    readQuota: counted(store.readQuota),
    resetQuota: counted(store.resetQuota),
    setOverride: counted(store.setOverride),
    clearOverride: counted(store.clearOverride),
    listOverrides: counted(store.listOverrides),
    recordCall: counted(store.recordCall),
    readUsage: counted(store.readUsage),
  };
}

export function verdictOf({ admitted, isRepeat, limits }: Decision): Verdict {
  if (isRepeat) return 'repeated';
  if (!admitted) return 'denied';
  return limits.some(({ shadowDenied }) => shadowDenied) ? 'shadow_denied' : 'admitted';
}

/** A few words: `fault` is the program's own, a word in capitals is Redis's reply, `no_answer` is all the rest. */
export function storeFailureKind(error: unknown): string {
  if (!(error instanceof StoreUnavailable)) return 'fault';
  return replyCode(error.cause) ?? 'no_answer';
}
