import { StoreUnavailable } from '../../quota/errors';

/** Work whose result many callers want, each for as long as it waits. */
export interface Shared<Result> {
  /** Returns the result of work that begins after this call, shared with all callers until it begins. */
  run(key: string, signal?: AbortSignal): Promise<Result>;
}

interface Computation<Result> {
  waiting: number;
  readonly result: Promise<Result>;
}

/**
 * Shares computations: at most one runs for each key, and callers in the meantime share the next one, so that a result is
 * never older than its request. Work whose callers have all left is aborted.
 */
export function createShared<Result>(
  compute: (key: string, isWanted: () => boolean) => Promise<Result>,
): Shared<Result> {
  const running = new Map<string, Computation<Result>>();
  const next = new Map<string, Computation<Result>>();

  async function start(key: string, own: Computation<Result>): Promise<Result> {
    await running.get(key)?.result.catch(() => undefined);
    next.delete(key);
    running.set(key, own);
    try {
      return await compute(key, () => own.waiting > 0);
    } finally {
      running.delete(key);
    }
  }

  function join(key: string): Computation<Result> {
    const known = next.get(key);
    if (known) return known;
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const own: Computation<Result> = { waiting: 0, result: begun.then(() => start(key, own)) };
    // A caller that has left does not see the failure.
    own.result.catch(() => undefined);
    next.set(key, own);
    setImmediate(begin);
    return own;
  }

  return {
    async run(key, signal) {
      const computation = join(key);
      computation.waiting += 1;
      const left = new Promise<never>((_, reject) => {
        const leave = () => reject(new StoreUnavailable({ cause: new Error('the caller left') }));
        if (signal?.aborted) leave();
        else signal?.addEventListener('abort', leave, { once: true });
      });
      try {
        return await Promise.race([computation.result, left]);
      } finally {
        computation.waiting -= 1;
      }
    },
  };
}
