import type { handleServerStreamingCall, Server } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import type { Logger } from 'pino';

/** How often it is looked whether the store can be used. Looking costs nothing: the store itself is not asked. */
const CHECK_INTERVAL_MS = 100;

const SERVICES = ['', 'quota.v1.QuotaService'];

type Watch = handleServerStreamingCall<{ service: string }, { status: string }>;

/** `grpc.health.v1`: SERVING only while the store can be used. */
export interface Health {
  addToServer(server: Pick<Server, 'addService'>): void;
  /** Turns NOT_SERVING for good. */
  stop(): void;
}

export function watchHealth({ isReady, logger }: { isReady: () => boolean; logger: Logger }): Health {
  const implementation = new HealthImplementation(
    Object.fromEntries(SERVICES.map((name) => [name, 'NOT_SERVING'])),
  );
  let isServing = false;

  function turn(serving: boolean): void {
    if (serving === isServing) return;
    isServing = serving;
    for (const name of SERVICES) implementation.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
    logger.info({ status: serving ? 'SERVING' : 'NOT_SERVING' }, 'health changed');
  }

  turn(isReady());
  const timer = setInterval(() => turn(isReady()), CHECK_INTERVAL_MS).unref();
  return {
    addToServer: (server) => implementation.addToServer({ addService: addBounded(server) }),
    stop() {
      clearInterval(timer);
      turn(false);
    },
  };
}

/**
 * The library remembers each name that was ever watched, for ever, and anyone may watch. A name that is none of ours
 * is answered as the protocol asks, and not remembered.
 */
function addBounded(server: Pick<Server, 'addService'>): Server['addService'] {
  return (definition, handlers) => {
    const watchKnown = handlers.watch as Watch;
    const watch: Watch = (call) => {
      if (SERVICES.includes(call.request.service)) watchKnown(call);
      else call.write({ status: 'SERVICE_UNKNOWN' });
    };
    server.addService(definition, { ...handlers, watch });
  };
}
