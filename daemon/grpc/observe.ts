import { ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js';
import { callIdFrom, withCallId } from '../telemetry/call_id';
import type { Metrics } from '../telemetry/metrics';

const CALL_ID_KEY = 'x-request-id';

const MS_PER_S = 1000;

/**
 * Counts and times every call, and gives it an id under which all of it is logged. It comes first of the interceptors,
 * so that it sees what the others refuse. Only registered methods come here, so no label is a caller's invention.
 */
export function observeCalls(metrics: Pick<Metrics, 'answered'>): ServerInterceptor {
  return (method, call) => {
    const startMs = performance.now();
    let callId = callIdFrom(undefined);
    let isAnswered = false;

    function answered(code: status): void {
      if (isAnswered) return;
      isAnswered = true;
      const durationS = method.responseStream ? undefined : (performance.now() - startMs) / MS_PER_S;
      metrics.answered({ method: method.path.slice(1), code: status[code] ?? 'UNKNOWN', durationS });
    }

    return new ServerInterceptingCall(call, {
      start(next) {
        next({
          onReceiveMetadata(metadata, pass) {
            callId = callIdFrom(metadata.get(CALL_ID_KEY)[0]);
            withCallId(callId, () => pass(metadata));
          },
          onReceiveMessage: (message, pass) => withCallId(callId, () => pass(message)),
          onReceiveHalfClose: (pass) => withCallId(callId, pass),
          onCancel: () => answered(status.CANCELLED),
        });
      },
      sendStatus(answer, next) {
        answered(answer.code);
        next(answer);
      },
    });
  };
}
