import { type Changes, createChanges } from './changes';
import type { StoreClock } from './clock';
import type { Attempt, History, Refund, Restored } from './history';
import type { Settling } from './settling';
import { type Taking, takingsOf } from './takings';

/** All records of one subject and one policy. */
export interface Account {
  readonly subject: string;
  readonly policy: string;
  readonly attempts: readonly Attempt[];
  readonly restores: readonly Restored[];
  readonly refunds: readonly Refund[];
  readonly takings: readonly Taking[];
  /** What gives back, and what is erased. */
  readonly changes: Changes;
}

/** What the checks need to know besides the accounts. */
export interface Context {
  readonly history: History;
  readonly clock: StoreClock;
  readonly settling: Settling;
}

/** Groups the records by subject and policy. */
export function openAccounts({ history, clock, settling }: Context): Account[] {
  const attempts = groupBy(history.attempts, keyOf);
  const restores = groupBy(history.restores, keyOf);
  const refunds = groupBy(history.refunds, keyOf);
  const resets = groupBy(history.resets, ({ sent }) => sent.subject);
  const erasures = groupBy(history.erasures, ({ sent }) => sent.subject);
  return [...new Set([...attempts.keys(), ...restores.keys()])].flatMap((key): Account[] => {
    const own = { attempts: attempts.get(key) ?? [], restores: restores.get(key) ?? [] };
    const [first] = [...own.attempts, ...own.restores];
    if (first === undefined) return [];
    const { subject, policy } = first.sent;
    const refunded = refunds.get(key) ?? [];
    const changes = createChanges(
      {
        resets: (resets.get(subject) ?? []).filter(({ sent }) => sent.policies.includes(policy)),
        erasures: erasures.get(subject) ?? [],
        refunds: refunded,
      },
      { clock, settling },
    );
    return [
      { subject, policy, ...own, refunds: refunded, takings: takingsOf(own, { clock, settling }), changes },
    ];
  });
}

function keyOf({ sent: { policy, subject } }: Attempt | Restored | Refund): string {
  return `${policy} ${subject}`;
}

export function groupBy<T>(all: readonly T[], keyOfEach: (each: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const each of all) {
    const key = keyOfEach(each);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [each]);
    else group.push(each);
  }
  return groups;
}
