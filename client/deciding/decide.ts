import type { Admission } from '../answers/admission';
import { QuotaUnavailable } from '../answers/unavailable';
import { reporting, type StartReport } from '../connection/report_failure';
import { throwIfAny } from '../faults';
import { type Asking, asFailure, asValue, createAsk, createAskEach } from './ask';
import { type AdmitOptions, type BatchedOptions, deadlineFaults, toAsked, tooLong } from './asked';
import { askBatch } from './batch';
import { createJoiner } from './joining';
import { createFallback, type WithoutDaemon } from './without_daemon';

/** What an admitted request took: its subject, and the policy and the id of its admission. */
export type Taken = { subject: string; policy: string; requestId: string };

export type DecidingOptions = {
  /** How long a request may take, retries included. */
  deadlineMs: number;
  callId: () => string | undefined;
  joins: boolean;
  withoutDaemon: WithoutDaemon;
  startReport: StartReport;
};

/** Makes the functions that ask for decisions, and decide if no daemon answers. */
export function createDeciding(asking: Asking, options: DecidingOptions) {
  const { deadlineMs: usualMs, callId, joins, withoutDaemon, startReport } = options;
  const { service } = asking;
  const alone = createAsk(asking);
  const askEach = createAskEach(asking);
  const ask = joins ? createJoiner({ ask: alone, askEach, callId }) : alone;
  const sendReported = reporting(asking.send, startReport);
  const fallback = createFallback(withoutDaemon);
  return {
    async admit({ deadlineMs = usualMs, ...request }: AdmitOptions): Promise<Admission> {
      const asked = toAsked(request);
      throwIfAny(deadlineFaults(deadlineMs));
      const report = startReport();
      try {
        const fault = tooLong(asked);
        if (fault !== undefined) throw fault;
        return await ask(asked, deadlineMs);
      } catch (error) {
        report(error);
        return fallback.decide(asked, asFailure(error));
      }
    },
    async batch(requests: readonly BatchedOptions[]): Promise<(Admission | QuotaUnavailable)[]> {
      const asked = requests.map(toAsked);
      const report = startReport();
      const answered = await askBatch(asked, { askEach, deadlineMs: usualMs });
      return answered.map(({ one, answer }) => {
        if (!(answer instanceof QuotaUnavailable)) return answer;
        report(answer);
        return asValue(() => fallback.decide(one, answer));
      });
    },
    async refund({ subject, policy, requestId }: Taken): Promise<boolean> {
      const taken = { subject, policy, requestId };
      // What was taken here, no daemon knows.
      if (fallback.refund(taken)) return true;
      const method = service.refund.bind(service);
      return (await sendReported({ method, request: taken, requestId })).refunded;
    },
  };
}
