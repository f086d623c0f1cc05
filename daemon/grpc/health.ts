import { HealthImplementation } from 'grpc-health-check';
import type { Logger } from 'pino';

/** How often the store is asked whether it answers. */
const CHECK_INTERVAL_MS = 500;

const SERVICES = ['', 'quota.v1.QuotaService'];

/** `grpc.health.v1`: SERVING only while the store answers. */
export interface Health {
  readonly implementation: HealthImplementation;
  /** Turns NOT_SERVING for good. */
  stop(): void;
}

/** Watches the store: `ping` resolves where it answers, and throws where it does not. */
export function watchHealth({ ping, logger }: { ping: () => Promise<void>; logger: Logger }): Health {
  const implementation = new HealthImplementation(
    Object.fromEntries(SERVICES.map((name) => [name, 'NOT_SERVING'])),
  );
  let isServing = false;
  let isStopped = false;
  let timer: NodeJS.Timeout;

  function turn(serving: boolean): void {
    if (serving === isServing) return;
    isServing = serving;
    for (const name of SERVICES) implementation.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
    logger.info({ status: serving ? 'SERVING' : 'NOT_SERVING' }, 'health changed');
  }

  async function check(): Promise<void> {
    const answers = await ping().then(
      () => true,
      () => false,
    );
    if (isStopped) return;
    turn(answers);
    timer = setTimeout(check, CHECK_INTERVAL_MS);
  }

  void check();
  return {
    implementation,
    stop() {
      isStopped = true;
      clearTimeout(timer);
      turn(false);
    },
  };
}
