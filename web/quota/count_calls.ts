import { InterceptingCall, type Interceptor, status } from '@grpc/grpc-js';

/** A call to the daemon that came to its end, retries included. */
export type AnsweredCall = {
  /** Example: "Admit". */
  method: string;
  /** The name of its gRPC status. */
  code: string;
};

/** Reports each call to the daemon once, with what came of it. */
export function countCalls(onAnswered: (call: AnsweredCall) => void): Interceptor {
  return (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start(metadata, _listener, next) {
        next(metadata, {
          onReceiveStatus(answer, nextStatus) {
            const method = options.method_definition.path.replace(/^.*\//, '');
            onAnswered({ method, code: status[answer.code] });
            nextStatus(answer);
          },
        });
      },
    });
}
