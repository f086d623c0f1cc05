import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  type ServerMethodDefinition,
  status,
} from '@grpc/grpc-js';

/** The status that a guard answers a request with, instead of its handler. */
export type Refusal = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];

/** What a guard receives of a request. */
export interface GuardedRequest {
  readonly method: ServerMethodDefinition<unknown, unknown>;
  readonly call: ServerInterceptingCallInterface;
  /** Answers the request instead of its handler. */
  readonly refuse: (answer: Refusal) => void;
}

/** What a guard does during a request. */
export interface Watch {
  /** False if the guard has rejected the request, which then stops here. */
  onMetadata?(metadata: Metadata): boolean;
  onMessage?(message: unknown): void;
  onCancel?(): void;
  /** The request is about to be answered. */
  onEnd?(code: status): void;
}

/** Starts a request. Returns what to do during it, a refusal before anything is read, or nothing. */
export type RequestGuard = (call: GuardedRequest) => Watch | { readonly refusal: Refusal } | undefined;

/**
 * One interceptor for all guards, in order, as each interceptor costs a request as much as its decoding. The first guards
 * see what the others reject.
 */
export function guardRequests(guards: readonly RequestGuard[]): ServerInterceptor {
  return (method, call) => {
    const watches: Watch[] = [];

    function refuse(answer: Refusal): void {
      endAll(watches, answer);
      call.sendStatus(answer);
    }

    for (const guard of guards) {
      const watch = guard({ method, call, refuse });
      if (watch === undefined) continue;
      if ('refusal' in watch) return new UnreadRequest(call, () => refuse(watch.refusal));
      watches.push(watch);
    }
    return new WatchedRequest(call, watches);
  };
}

function endAll(watches: readonly Watch[], { code }: Refusal): void {
  for (const watch of watches) watch.onEnd?.(code ?? status.UNKNOWN);
}

type Listener = Parameters<ServerInterceptingCallInterface['start']>[0];

/**
 * A request that calls the guards directly: the library's own chain of functions, which may wait for each other, costs
 * several closures per step of a request.
 */
class WatchedRequest extends ServerInterceptingCall {
  constructor(
    private readonly call: ServerInterceptingCallInterface,
    private readonly watches: readonly Watch[],
  ) {
    super(call);
  }

  override start(listener: Listener): void {
    const { watches } = this;
    // A message that arrives after its caller has left must not reach a handler, which would take tokens for nobody.
    let isCancelled = false;
    this.call.start({
      onReceiveMetadata(metadata) {
        if (isCancelled) return;
        for (const watch of watches) if (watch.onMetadata?.(metadata) === false) return;
        listener.onReceiveMetadata(metadata);
      },
      onReceiveMessage(message: unknown) {
        if (isCancelled) return;
        for (const watch of watches) watch.onMessage?.(message);
        listener.onReceiveMessage(message);
      },
      onReceiveHalfClose() {
        if (!isCancelled) listener.onReceiveHalfClose();
      },
      onCancel() {
        isCancelled = true;
        for (const watch of watches) watch.onCancel?.();
        listener.onCancel();
      },
    });
  }

  override sendMetadata(metadata: Metadata): void {
    this.call.sendMetadata(metadata);
  }

  override sendMessage(message: unknown, callback: () => void): void {
    this.call.sendMessage(message, callback);
  }

  override sendStatus(answer: Refusal): void {
    endAll(this.watches, answer);
    this.call.sendStatus(answer);
  }
}

/** A request that is neither read nor decoded. */
class UnreadRequest extends ServerInterceptingCall {
  constructor(
    call: ServerInterceptingCallInterface,
    private readonly refuse: () => void,
  ) {
    super(call);
  }

  override start(): void {
    this.refuse();
  }

  override startRead(): void {
    // Nothing is read.
  }
}
