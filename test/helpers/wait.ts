import { setTimeout as pause } from 'node:timers/promises';
import { within as limited } from '../../environment/within';

/** What has not come by then will not come, however busy the machine is. */
const BOUND_MS = 60_000;

const STEP_MS = 10;

/** Asks until the answer is true; if it never is, throws an error that names the awaited event, and says what came instead. */
export async function until(
  what: string | (() => string),
  isSo: () => boolean | Promise<boolean>,
  { boundMs = BOUND_MS } = {},
): Promise<void> {
  const endMs = Date.now() + boundMs;
  while (!(await isSo())) {
    if (Date.now() > endMs) {
      throw new Error(`waited in vain for: ${typeof what === 'string' ? what : what()}`);
    }
    await pause(STEP_MS);
  }
}

/** The outcome of the work, which must come within the bound. */
export async function within<T>(what: string, work: Promise<T>): Promise<T> {
  const outcome = await limited(
    work.then((value) => ({ value })),
    { limitMs: BOUND_MS, late: undefined },
  );
  if (outcome === undefined) throw new Error(`waited in vain for: ${what}`);
  return outcome.value;
}

/**
 * The outcome of steps that take less than a time. On a busy machine they may take longer, which shows nothing: then they are
 * taken again. Each time they begin with subjects or servers of their own.
 */
export async function quickly<T>(
  what: string,
  steps: () => Promise<T>,
  { lessThanMs }: { lessThanMs: number },
): Promise<T> {
  const outcomes: T[] = [];
  await until(`${what} in less than ${lessThanMs} ms`, async () => {
    const startMs = performance.now();
    const outcome = await steps();
    if (performance.now() - startMs < lessThanMs) outcomes.push(outcome);
    return outcomes.length > 0;
  });
  return outcomes[0] as T;
}

const HOUR_MS = 60 * 60 * 1000;

/** Waits for the next hour if this one ends too soon, so that the whole test runs within one hour. */
export async function withinOneHour({ neededMs }: { neededMs: number }): Promise<void> {
  const leftMs = HOUR_MS - (Date.now() % HOUR_MS);
  if (leftMs < neededMs) await pause(leftMs);
}
