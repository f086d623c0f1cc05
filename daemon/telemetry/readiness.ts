import { within } from '../../environment/within';

/** Whether a part is ready. One that throws is not. */
export type Check = () => Promise<boolean>;

export type DaemonState = 'starting' | 'serving' | 'draining';

/** What `/readyz` shows: whether the daemon can decide, and which of its parts work. */
export interface Readiness {
  readonly ready: boolean;
  readonly state: DaemonState;
  readonly parts: Readonly<Record<string, boolean>>;
}

/** A part that has not answered within this time is not ready: a probe waits for the answer. */
const CHECK_BOUND_MS = 500;

/** Asks all parts at once, and waits no longer than the bound. Some parts may fail: the daemon can do without them. */
export async function readinessOf({
  state,
  canDecide,
  checks,
}: {
  state: DaemonState;
  canDecide: boolean;
  checks: Readonly<Record<string, Check>>;
}): Promise<Readiness> {
  const answers = Object.entries(checks).map(async ([part, check]) => [part, await passes(check)] as const);
  const parts = Object.fromEntries(await Promise.all(answers));
  return { ready: state === 'serving' && canDecide, state, parts };
}

function passes(check: Check): Promise<boolean> {
  const answer = check().catch(() => false);
  return within(answer, { limitMs: CHECK_BOUND_MS, late: false });
}
