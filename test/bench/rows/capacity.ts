import type { Bench } from '../bench';
import type { Generator } from './generator';

/** The first run warms up; of the others the best counts, as what else the machine does can only hide what a server can do. */
const RUNS = 4;
const RUN_MS = 3_000;
const QUICK_RUN_MS = 300;

/** Calls that are kept unanswered to find what a server can do. */
const UNANSWERED = 100;

/** The connections of all orders with rates. */
export const CONNECTIONS = 8;

/** Callers wait no longer. */
export const DEADLINE_MS = 500;

/** How many unary calls a server answers a second if it is asked as fast as it answers, on the machine as it is. */
export async function capacityOf({ isQuick }: Bench, generator: Generator, target: string): Promise<number> {
  const durationMs = isQuick ? QUICK_RUN_MS : RUN_MS;
  const perSecond: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const { phases } = await generator.open({
      target,
      subjectPrefix: `capacity-${run}-`,
      connections: CONNECTIONS,
      deadlineMs: DEADLINE_MS,
      phases: [{ durationMs, unanswered: UNANSWERED }],
    });
    perSecond.push((phases[0]?.answered ?? 0) / (durationMs / 1000));
  }
  return Math.max(...perSecond.slice(1));
}
