import type { BenchRedis } from '../processes/redis';
import { JOINED, joinedPrefix } from './joined';
import { replay } from './replay';
import { digitsOf, numbered, type Template } from './template';

/** How a store was filled. */
export interface Filling {
  /** The admissions of one call: those of a joined call have one subject each. */
  readonly entries: number;
}

/** How many admissions a captured call makes: one, if the daemon did not join them. */
export function entriesOf(template: Template): number {
  const isJoined = template.some((part) => part.includes(joinedPrefix(1)));
  return isJoined ? JOINED : 1;
}

/** Users whose takings are not counted yet. More would be more than what a daemon has to keep up with. */
const LOT = 100_000;

/** How a store is filled once more. */
export interface Taking {
  readonly users: number;
  /** From 0. */
  readonly taking: number;
  /** Waits until what was taken is counted. */
  readonly count: () => Promise<unknown>;
  /** Is given the work of each lot, to do it. */
  readonly watch?: (work: () => Promise<void>) => Promise<void>;
}

/** Lets each of so many users take once more, by repeating a captured call. */
export async function fill(
  redis: BenchRedis,
  template: Template,
  { users, taking, count, watch = (work) => work() }: Taking,
): Promise<void> {
  const entries = entriesOf(template);
  const calls = Math.ceil(users / entries);
  const lot = Math.ceil(LOT / entries);
  for (let first = 0; first < calls; first += lot) {
    await watch(async () => {
      await replay(redis, Math.min(lot, calls - first), (index) =>
        numbered(template, { subject: first + index, taking: taking * calls + first + index }),
      );
      await count();
    });
  }
}

/** The name of a user of a filled store. */
export function filledSubject({ entries }: Filling, user: number): string {
  return `${joinedPrefix(user % entries)}${digitsOf(Math.floor(user / entries))}`;
}
