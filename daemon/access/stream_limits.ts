import type { IsProxy } from './proxies';

/** A client watches its own connection's health, perhaps some decisions: a handful. */
const PER_CONNECTION = 16;

/** A proxy has the streams of many clients on one connection; half of all, so that others find room. */
const PER_PROXY_CONNECTION = 500;

/** About 13 kB each. */
const TOTAL = 1000;

/** Limits the streams that last until their caller ends them. */
export interface StreamLimits {
  /**
   * Counts a stream of this connection, named ADDRESS:PORT; returns a function that frees it, or undefined if there are too
   * many.
   */
  take(connection: string): (() => void) | undefined;
}

export interface StreamLimitsOptions {
  readonly isProxy: IsProxy;
  /** For tests. */
  readonly perConnection?: number;
  readonly perProxyConnection?: number;
  readonly total?: number;
}

export function createStreamLimits(options: StreamLimitsOptions): StreamLimits {
  const { isProxy, perConnection = PER_CONNECTION, total = TOTAL } = options;
  const { perProxyConnection = PER_PROXY_CONNECTION } = options;
  const open = new Map<string, number>();
  let all = 0;

  function step(connection: string, by: 1 | -1): void {
    all += by;
    const count = (open.get(connection) ?? 0) + by;
    if (count === 0) open.delete(connection);
    else open.set(connection, count);
  }

  return {
    take(connection) {
      const most = isProxy(addressOf(connection)) ? perProxyConnection : perConnection;
      if (all >= total || (open.get(connection) ?? 0) >= most) return undefined;
      let isTaken = true;
      step(connection, 1);
      return () => {
        if (isTaken) step(connection, -1);
        isTaken = false;
      };
    },
  };
}

function addressOf(connection: string): string {
  return connection.slice(0, connection.lastIndexOf(':'));
}
