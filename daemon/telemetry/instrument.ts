import type { Answer } from '../quota/admission';
import { DeadlinePassed, InvalidRequest, StoreUnavailable } from '../quota/errors';
import type { QuotaStore } from '../quota/store';
import { replyCode } from '../redis/failures';
import type { Metrics } from './metrics';

/** The same store, with its failures counted. Each method stands here, so that a new one is not forgotten. */
export function instrumentStore(store: QuotaStore, metrics: Pick<Metrics, 'storeFailed'>): QuotaStore {
  function counted<Args extends unknown[], Result>(method: (...args: Args) => Promise<Result>) {
    return (...args: Args): Promise<Result> => method(...args).catch(count);
  }
  function note(error: unknown): void {
    if (!(error instanceof InvalidRequest || error instanceof DeadlinePassed))
      metrics.storeFailed(storeFailureKind(error));
  }
  function count(error: unknown): never {
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

/** A few words: `fault` is the program's own, a word in capitals is Redis's reply, `no_answer` is all the rest. */
export function storeFailureKind(error: unknown): string {
  if (!(error instanceof StoreUnavailable)) return 'fault';
  return replyCode(error.cause) ?? 'no_answer';
}
