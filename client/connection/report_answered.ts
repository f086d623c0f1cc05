import { InterceptingCall, type Interceptor, status } from '@grpc/grpc-js';
import { guarded } from '../guarded';

/** A request to the daemon that has ended, retries included. */
export type AnsweredRequest = {
  /** Example: "Admit". */
  method: string;
  /** The name of its gRPC status. */
  code: string;
};

/** Reports each request to the daemon once, with its status. */
export function reportAnswered(onAnswered: (request: AnsweredRequest) => void): Interceptor {
  return (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start(metadata, _listener, next) {
        next(metadata, {
          onReceiveStatus(answer, nextStatus) {
            const method = options.method_definition.path.replace(/^.*\//, '');
            guarded(() => onAnswered({ method, code: status[answer.code] }), undefined);
            nextStatus(answer);
          },
        });
      },
    });
}
