import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  type ServerMethodDefinition,
  status,
} from '@grpc/grpc-js';

/** What a request is answered with in its handler's place. */
export type Refusal = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];

/** What a guard is given of a request. */
export interface GuardedRequest {
  readonly method: ServerMethodDefinition<unknown, unknown>;
  readonly call: ServerInterceptingCallInterface;
  /** Answers the request in its handler's place. */
  readonly refuse: (answer: Refusal) => void;
}

/** What a guard does during a request. */
export interface Watch {
  /** False if the guard has refused the request: it then goes no further. */
  onMetadata?(metadata: Metadata): boolean;
  onMessage?(message: unknown): void;
  onCancel?(): void;
  /** The request is about to be answered. */
  onEnd?(code: status): void;
}

/** Begins a request: what to do during it, a refusal before anything of it is read, or nothing. */
export type RequestGuard = (call: GuardedRequest) => Watch | { readonly refusal: Refusal } | undefined;

/**
 * One interceptor for all guards, in their order: each interceptor costs a request as much as its decoding. The first guards
 * see what the others refuse.
 */
export function guardRequests(guards: readonly RequestGuard[]): ServerInterceptor {
  return (method, call) => {
    const watches: Watch[] = [];

    function end(code: status): void {
      for (const watch of watches) watch.onEnd?.(code);
    }

    function refuse(answer: Refusal): void {
      end(answer.code ?? status.UNKNOWN);
      call.sendStatus(answer);
    }

    for (const guard of guards) {
      const watch = guard({ method, call, refuse });
      if (watch === undefined) continue;
      if ('refusal' in watch) return unread(call, () => refuse(watch.refusal));
      watches.push(watch);
    }
    const heeding = watches.filter(({ onMessage }) => onMessage !== undefined);

    return new ServerInterceptingCall(call, {
      start(next) {
        next({
          onReceiveMetadata(metadata, pass) {
            for (const watch of watches) if (watch.onMetadata?.(metadata) === false) return;
            pass(metadata);
          },
          onReceiveMessage:
            heeding.length === 0
              ? undefined
              : (message, pass) => {
                  for (const watch of heeding) watch.onMessage?.(message);
                  pass(message);
                },
          onCancel() {
            for (const watch of watches) watch.onCancel?.();
          },
        });
      },
      sendStatus(answer, next) {
        end(answer.code ?? status.UNKNOWN);
        next(answer);
      },
    });
  };
}

/** A request of which nothing is read, and so nothing is decoded. */
function unread(call: ServerInterceptingCallInterface, refuse: () => void): ServerInterceptingCall {
  const refused = new ServerInterceptingCall(call, { start: refuse });
  refused.startRead = () => undefined;
  return refused;
}
