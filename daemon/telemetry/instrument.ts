import type { Answer } from '../quota/admission';
import { DeadlinePassed, InvalidRequest, RefundedRequest, UnknownRequest } from '../quota/errors';
import type { QuotaStore } from '../quota/store';

/** Errors that only the request is to blame for. */
const REQUESTS_OWN = [InvalidRequest, DeadlinePassed, RefundedRequest, UnknownRequest];

/**
 * The same store, with its failures reported to `onFailure`, except those that only the request is to blame for. Each
 * method is listed, so that a new one is not forgotten.
 */
export function instrumentStore(store: QuotaStore, onFailure: (error: unknown) => void): QuotaStore {
  function counted<Args extends unknown[], Result>(method: (...args: Args) => Promise<Result>) {
    return (...args: Args): Promise<Result> => method(...args).catch(report);
  }
  function note(error: unknown): void {
    if (!REQUESTS_OWN.some((own) => error instanceof own)) onFailure(error);
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
    refund: counted(store.refund),
    readQuota: counted(store.readQuota),
    resetQuota: counted(store.resetQuota),
    setOverride: counted(store.setOverride),
    raiseLimit: counted(store.raiseLimit),
    clearOverride: counted(store.clearOverride),
    listOverrides: counted(store.listOverrides),
    listDenied: counted(store.listDenied),
    recordCall: counted(store.recordCall),
    readUsage: counted(store.readUsage),
  };
}
