import { DeadlinePassed, InvalidRequest, StoreUnavailable } from '../quota/errors';
import type { QuotaStore } from '../quota/store';
import { CircuitOpen } from '../redis/circuit';
import { replyCode } from '../redis/failures';
import type { Metrics } from './metrics';

/** The same store, with its failures counted. Each method stands here, so that a new one is not forgotten. */
export function instrumentStore(store: QuotaStore, metrics: Pick<Metrics, 'storeFailed'>): QuotaStore {
  function counted<Args extends unknown[], Result>(method: (...args: Args) => Promise<Result>) {
    return (...args: Args): Promise<Result> => method(...args).catch(count);
  }
  function count(error: unknown): never {
    if (!(error instanceof InvalidRequest || error instanceof DeadlinePassed))
      metrics.storeFailed(storeFailureKind(error));
    throw error;
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

/**
 * A few words: `fault` is the program's own, `circuit_open` was not sent, a word in capitals is Redis's reply, `no_answer`
 * is all the rest.
 */
export function storeFailureKind(error: unknown): string {
  if (!(error instanceof StoreUnavailable)) return 'fault';
  if (error.cause instanceof CircuitOpen) return 'circuit_open';
  return replyCode(error.cause) ?? 'no_answer';
}
