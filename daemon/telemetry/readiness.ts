import { within } from '../../environment/within';

/** Whether a part is ready. One that throws is not. */
export type Check = () => Promise<boolean>;

export type DaemonState = 'starting' | 'serving' | 'draining';

/** What `/readyz` tells. */
export interface Readiness {
  readonly ready: boolean;
  readonly state: DaemonState;
  readonly parts: Readonly<Record<string, boolean>>;
}

/** A part that has not answered by then is not ready: a probe waits for its answer. */
const CHECK_BOUND_MS = 500;

/** Asks every part at once, and waits for none longer than the bound. */
export async function readinessOf({
  state,
  checks,
}: {
  state: DaemonState;
  checks: Readonly<Record<string, Check>>;
}): Promise<Readiness> {
  const answers = Object.entries(checks).map(async ([part, check]) => [part, await passes(check)] as const);
  const parts = Object.fromEntries(await Promise.all(answers));
  return { ready: Object.values(parts).every(Boolean), state, parts };
}

function passes(check: Check): Promise<boolean> {
  const answer = check().catch(() => false);
  return within(answer, { limitMs: CHECK_BOUND_MS, late: false });
}
