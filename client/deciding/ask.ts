import { status } from '@grpc/grpc-js';
import type { BatchAdmitResult, QuotaServiceClient } from '../../gen/quota/v1/quota_service';
import { type Admission, type Asked, toAdmission } from '../answers/admission';
import { toMs } from '../answers/limits';
import { QuotaUnavailable } from '../answers/unavailable';
import type { Send } from '../connection/send_request';

/** Asks the daemons for one decision. Rejects with QuotaUnavailable. */
export type Ask = (asked: Asked, deadlineMs: number) => Promise<Admission>;

export type Asking = { service: QuotaServiceClient; send: Send };

/** In a request of its own. */
export function createAsk({ service, send }: Asking): Ask {
  const method = service.admit.bind(service);
  return async (asked, deadlineMs) => {
    const { requestId } = asked;
    return toAdmission(await send({ method, request: asked, requestId, deadlineMs }), asked);
  };
}

/** Many decisions in one request, whose failure rejects; that of one of them is a value. */
export type AskEach = (
  asked: readonly Asked[],
  deadlineMs: number,
) => Promise<(Admission | QuotaUnavailable)[]>;

/** With BatchAdmit, which takes up to 1,000. */
export function createAskEach({ service, send }: Asking): AskEach {
  const method = service.batchAdmit.bind(service);
  return async (asked, deadlineMs) => {
    const requestId = asked[0]?.requestId ?? '';
    const { results } = await send({ method, request: { requests: [...asked] }, requestId, deadlineMs });
    return asked.map((one, index) => toResult(results[index], one));
  };
}

function toResult(result: BatchAdmitResult | undefined, asked: Asked): Admission | QuotaUnavailable {
  const { requestId } = asked;
  const answer = result?.result;
  switch (answer?.$case) {
    case 'response':
      return asValue(() => toAdmission(answer.value, asked));
    case 'error': {
      const { code, message, reason, retryDelay } = answer.value;
      const grpcStatus = status[code] ?? 'UNKNOWN';
      return new QuotaUnavailable({
        requestId,
        reason: message,
        grpcStatus,
        // An older daemon names none; it has answered all the same.
        daemonReason: reason || grpcStatus,
        retryAfterMs: retryDelay && toMs(retryDelay),
      });
    }
    default:
      return noAnswer(asked);
  }
}

/** The failure of a request that the answer to its batch leaves out. */
export function noAnswer({ requestId }: Asked): QuotaUnavailable {
  const reason = 'the batch has no answer to this request';
  return new QuotaUnavailable({ requestId, reason, grpcStatus: 'INTERNAL' });
}

/** A failure as a value; what is none stays thrown. */
export function asValue(decide: () => Admission): Admission | QuotaUnavailable {
  try {
    return decide();
  } catch (error) {
    return asFailure(error);
  }
}

/** What is no failure of the daemon is a fault of ours, and is thrown again. */
export function asFailure(error: unknown): QuotaUnavailable {
  if (error instanceof QuotaUnavailable) return error;
  throw error;
}
