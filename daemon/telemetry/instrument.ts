import { DeadlinePassed, InvalidRequest } from '../quota/errors';
import type { QuotaStore } from '../quota/store';

/** The same store, whose failures are reported to `onFailure`; what only the request is to blame for is not. Each method stands here, so that a new one is not forgotten. */
export function instrumentStore(store: QuotaStore, onFailure: (error: unknown) => void): QuotaStore {
  function counted<Args extends unknown[], Result>(method: (...args: Args) => Promise<Result>) {
    return (...args: Args): Promise<Result> => method(...args).catch(report);
  }
  function report(error: unknown): never {
    if (!(error instanceof InvalidRequest || error instanceof DeadlinePassed)) onFailure(error);
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
