import { HealthImplementation } from 'grpc-health-check';
import type { Logger } from 'pino';

/** How often it is looked whether the store can be used. Looking costs nothing: the store itself is not asked. */
const CHECK_INTERVAL_MS = 100;

const SERVICES = ['', 'quota.v1.QuotaService'];

/** `grpc.health.v1`: SERVING only while the store can be used. */
export interface Health {
  readonly implementation: HealthImplementation;
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
    implementation,
    stop() {
      clearInterval(timer);
      turn(false);
    },
  };
}
