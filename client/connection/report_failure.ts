import { QuotaUnavailable } from '../answers/unavailable';
import { guarded } from '../guarded';
import type { Send } from './send_request';

/** A request that got no answer, or was rejected. */
export type Failure = { callId: string | undefined; error: QuotaUnavailable };

/** Notes under which id the caller asks now. What it returns reports a failure of the request under that id. */
export type StartReport = () => (error: unknown) => void;

type Reporting = { callId: () => string | undefined; onFailure: (failure: Failure) => void };

/** Makes the one function through which all failures are reported. */
export function createReport({ callId, onFailure }: Reporting): StartReport {
  return () => {
    const id = callId();
    return (error) => {
      if (error instanceof QuotaUnavailable) guarded(() => onFailure({ callId: id, error }), undefined);
    };
  };
}

/** Sends as `send` does, and reports each failure. */
export function reporting(send: Send, startReport: StartReport): Send {
  return async (sending) => {
    const report = startReport();
    try {
      return await send(sending);
    } catch (error) {
      report(error);
      throw error;
    }
  };
}
