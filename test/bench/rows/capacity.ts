import type { Bench } from '../bench';
import type { Generator } from './generator';

const CAPACITY_MS = 4_000;
const QUICK_CAPACITY_MS = 500;

/** Calls that are kept unanswered to find what a server can do. */
const UNANSWERED = 100;

/** The connections of all orders with rates. */
export const CONNECTIONS = 8;

/** Callers wait no longer. */
export const DEADLINE_MS = 500;

/** How many unary calls a server answers a second if it is asked as fast as it answers, on the machine as it is. */
export async function capacityOf(
  { isQuick }: Bench,
  generator: Generator,
  { target, subjectPrefix }: { target: string; subjectPrefix: string },
): Promise<number> {
  const durationMs = isQuick ? QUICK_CAPACITY_MS : CAPACITY_MS;
  const order = { target, subjectPrefix, connections: CONNECTIONS, deadlineMs: DEADLINE_MS };
  const { phases } = await generator.open({ ...order, phases: [{ durationMs, unanswered: UNANSWERED }] });
  return (phases[0]?.answered ?? 0) / (durationMs / 1000);
}
