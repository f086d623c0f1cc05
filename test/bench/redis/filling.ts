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

/** Lets each of so many users take once more, by repeating a captured call. */
export function fill(
  redis: BenchRedis,
  template: Template,
  { users, taking }: { users: number; taking: number },
): Promise<void> {
  const calls = Math.ceil(users / entriesOf(template));
  return replay(redis, calls, (call) => numbered(template, { subject: call, taking: taking * calls + call }));
}

/** The name of a user of a filled store. */
export function filledSubject({ entries }: Filling, user: number): string {
  return `${joinedPrefix(user % entries)}${digitsOf(Math.floor(user / entries))}`;
}
