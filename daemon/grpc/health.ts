import { type handleServerStreamingCall, type handleUnaryCall, type Server, status } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import type { Logger } from 'pino';

/** How often the parts are checked. A check is cheap: the store itself is not asked. */
const CHECK_INTERVAL_MS = 100;

/** The service names: two for the daemon as a whole, and one for each database, whose failure may leave it serving. */
export interface HealthParts {
  /** Whether admissions can be decided on now. */
  readonly canDecide: () => boolean;
  readonly store: () => boolean;
  readonly calls: () => boolean;
}

type Check = handleUnaryCall<{ service: string }, { status: string }>;
type Watch = handleServerStreamingCall<{ service: string }, { status: string }>;

/** `grpc.health.v1` for the daemon, which is SERVING if it can decide, and for its databases. */
export interface Health {
  addToServer(server: Pick<Server, 'addService'>): void;
  /** Turns NOT_SERVING for good. */
  stop(): void;
}

export function watchHealth({ parts, logger }: { parts: HealthParts; logger: Logger }): Health {
  const { canDecide, store, calls } = parts;
  const checks = new Map([
    ['', canDecide],
    ['quota.v1.QuotaService', canDecide],
    ['store', store],
    ['calls', calls],
  ]);
  const names = [...checks.keys()];
  const implementation = new HealthImplementation(
    Object.fromEntries(names.map((name) => [name, 'NOT_SERVING'])),
  );
  const serving = new Set<string>();

  function turn(name: string, isServing: boolean): void {
    if (isServing === serving.has(name)) return;
    if (isServing) serving.add(name);
    else serving.delete(name);
    const status = isServing ? 'SERVING' : 'NOT_SERVING';
    implementation.setStatus(name, status);
    if (name !== '') logger.info({ service: name, status }, 'health changed');
  }

  function look(): void {
    for (const [name, check] of checks) turn(name, check());
  }

  look();
  const timer = setInterval(look, CHECK_INTERVAL_MS).unref();
  return {
    addToServer: (server) => implementation.addToServer({ addService: addBounded(server, names) }),
    stop() {
      clearInterval(timer);
      for (const name of names) turn(name, false);
    },
  };
}

/**
 * The library remembers each watched name forever, and repeats unknown names in its answer; half of a surrogate pair in
 * one ends the process. Anyone may ask. So an unknown name is answered as the protocol requires, and neither remembered
 * nor repeated.
 */
function addBounded(server: Pick<Server, 'addService'>, names: readonly string[]): Server['addService'] {
  return (definition, handlers) => {
    const checkKnown = handlers.check as Check;
    const check: Check = (call, callback) => {
      if (names.includes(call.request.service)) checkKnown(call, callback);
      else callback({ code: status.NOT_FOUND, details: 'unknown service' });
    };
    const watchKnown = handlers.watch as Watch;
    const watch: Watch = (call) => {
      if (names.includes(call.request.service)) watchKnown(call);
      else call.write({ status: 'SERVICE_UNKNOWN' });
    };
    server.addService(definition, { ...handlers, check, watch });
  };
}
