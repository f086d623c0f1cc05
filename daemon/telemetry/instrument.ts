import type { Answer } from '../quota/admission';
import { DeadlinePassed, InvalidRequest } from '../quota/errors';
import type { QuotaStore } from '../quota/store';

/** The same store, whose failures are reported to `onFailure`; what only the request is to blame for is not. Each method stands here, so that a new one is not forgotten. */
export function instrumentStore(store: QuotaStore, onFailure: (error: unknown) => void): QuotaStore {
  function counted<Args extends unknown[], Result>(method: (...args: Args) => Promise<Result>) {
    return (...args: Args): Promise<Result> => method(...args).catch(report);
  }
  function note(error: unknown): void {
    if (!(error instanceof InvalidRequest || error instanceof DeadlinePassed)) onFailure(error);
  }
  function report(error: unknown): never {
    note(error);
    throw error;
  }
  function noteAll(answers: readonly Answer[]): readonly Answer[] {
    for (const answer of answers) if (answer instanceof Error) note(answer);
    return answers;
  }
  return {
    admitAll: (asked, patience) => store.admitAll(asked, patience).then(noteAll),
    readQuota: counted(store.readQuota),
    resetQuota: counted(store.resetQuota),
    setOverride: counted(store.setOverride),
    clearOverride: counted(store.clearOverride),
    listOverrides: counted(store.listOverrides),
    recordCall: counted(store.recordCall),
    readUsage: counted(store.readUsage),
  };
}
