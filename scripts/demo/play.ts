import type { Pool } from 'mysql2/promise';
import { Refusal } from '../console/refusal';
import { createActors } from './actors';
import { ageDatabase, untilCallsAreTold } from './age_database';
import { ageStore, isLastToConnect, type Store } from './age_store';
import type { Plan } from './plan';
import type { Tally } from './tally';

export interface Play {
  /** The address of the site: http://HOST:PORT. */
  readonly site: string;
  readonly store: Store;
  readonly pool: Pool;
  /** In the order of the plan's students. */
  readonly students: readonly { readonly id: number; readonly email: string }[];
  readonly plan: Plan;
  /** Ends the play after the act that is going on. */
  readonly signal: AbortSignal;
  /** Called after each round. */
  onRound(round: number, tally: Tally): void;
}

/**
 * Plays the plan: each round happens now, and is then moved into the past with all that was before. The clocks of Redis and
 * MySQL decide when something happened, so nothing can be written with another time to begin with.
 */
export async function play(parts: Play): Promise<Tally> {
  const { site, store, pool, students, plan, signal, onRound } = parts;
  const actors = createActors({ site, emails: students.map(({ email }) => email), articles: plan.articles });
  const [first] = students;
  if (first === undefined) return actors.tally;
  await actors.perform([{ does: 'log-in', student: 0 }], signal);
  // Before anything is moved: that site must write into this store.
  if (!signal.aborted && !(await isLastToConnect(store, String(first.id))))
    throw new Refusal(
      `The site at ${site} does not belong to this folder's \`npm start\`, or QUOTA_KEY_PREFIX is another here: nothing was played.`,
    );

  for (const [round, { moment, acts }] of plan.rounds.entries()) {
    await actors.perform(acts, signal);
    await untilCallsAreTold(pool);
    if (signal.aborted) break;
    onRound(round, { ...actors.tally });
    const next = plan.rounds[round + 1];
    if (next !== undefined) await age({ store, pool }, next.moment.ms - moment.ms);
  }
  return actors.tally;
}

async function age({ store, pool }: Pick<Play, 'store' | 'pool'>, shiftMs: number): Promise<void> {
  await Promise.all([ageStore(store, shiftMs), ageDatabase(pool, shiftMs)]);
}
