import { CircuitState, ConstantBackoff, circuitBreaker, handleWhen, type IBreaker } from 'cockatiel';
import type { Logger } from 'pino';
import { StoreUnavailable } from '../quota/errors';
import { CircuitOpen } from './circuit_open';
import { isOutage } from './failures';

/** The circuit opens after writes have failed for this long without a success. One slow moment is no outage. */
const LASTING_MS = 200;

/** Fails fast while a database is dead or takes no writes. (M. Nygard, "Release It!", 2007.) */
export interface Circuit {
  /** Runs a write. While the circuit is open it throws `StoreUnavailable` at once instead. */
  run<Result>(write: () => Promise<Result>): Promise<Result>;
  /** Runs a write also while the circuit is open: its success closes it. For the probe alone, one at a time. */
  probe<Result>(write: () => Promise<Result>): Promise<Result>;
  /** Throws `StoreUnavailable` while the circuit is open. */
  assertClosed(): void;
  isOpen(): boolean;
}

/** The circuit of a partition: that of its server or, on a Cluster, its own, because each master may fail alone. */
export type CircuitOf = (partition: number) => Circuit;

export interface CircuitOptions {
  /** What the log calls the database. */
  readonly name: string;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly nowMs?: () => number;
}

export function createCircuit({ name, logger, nowMs = () => performance.now() }: CircuitOptions): Circuit {
  const breaker = circuitBreaker(handleWhen(isOutage), {
    breaker: createLastingFailure(nowMs),
    // The probe sets the pace. The library measures pauses by the wall clock, which may be set back.
    halfOpenAfter: new ConstantBackoff(Number.NEGATIVE_INFINITY),
  });
  let isBroken = false;
  breaker.onBreak((reason) => {
    // Each probe that fails breaks the circuit anew.
    if (isBroken) return;
    isBroken = true;
    const cause = 'error' in reason ? String(causeOf(reason.error)) : undefined;
    logger.warn({ redis: name, cause }, 'redis is not used until a probe succeeds');
  });
  breaker.onReset(() => {
    isBroken = false;
    logger.info({ redis: name }, 'redis is used again');
  });
  const isOpen = () => breaker.state !== CircuitState.Closed;

  function assertClosed(): void {
    if (isOpen()) throw new StoreUnavailable({ cause: new CircuitOpen() });
  }

  return {
    async run(write) {
      // The library would let the first caller try, and make it wait.
      assertClosed();
      return breaker.execute(write);
    },
    probe: (write) => breaker.execute(write),
    assertClosed,
    isOpen,
  };
}

/** A circuit that stays closed, for a store without a probe: nothing would ever close it. */
export const CLOSED_CIRCUIT: Circuit = {
  run: (write) => write(),
  probe: (write) => write(),
  assertClosed: () => undefined,
  isOpen: () => false,
};

/** Opens once writes have failed for a time without a success, however many there are. */
function createLastingFailure(nowMs: () => number): IBreaker {
  let sinceMs: number | undefined;
  return {
    // No state is shared between processes.
    state: undefined,
    success() {
      sinceMs = undefined;
    },
    failure() {
      sinceMs ??= nowMs();
      return nowMs() - sinceMs >= LASTING_MS;
    },
  };
}

function causeOf(error: Error): unknown {
  return error instanceof StoreUnavailable ? error.cause : error;
}
