import { type Account, groupBy } from '../accounts';
import type { Attempt } from '../history';
import { isAdmittedLocally, isCharge } from '../outcomes';
import { createFinding, type Finding } from '../violations';
import { returnable } from './ids';
import { enforcedLimits } from './limits';

/**
 * Without the store, a process admits no more than the limit in any window, by its own clock. So in a window that touches
 * an outage no more is admitted than the limit once more for each process that decided; how much more it was is noted.
 */
export function checkOutages(accounts: readonly Account[]): Finding {
  const { violate, result } = createFinding('outages');
  let localCount = 0;
  let anywayCount = 0;
  let most = { excess: 0, bound: 0, place: '' };
  for (const { attempts, subject, changes } of accounts) {
    const local = attempts.filter(isAdmittedLocally);
    localCount += local.filter(({ policy }) => policy.rule === 'local').length;
    anywayCount += local.filter(({ policy }) => policy.rule === 'admit').length;
    for (const [attempt, limit] of local.flatMap(windowsOf)) {
      const isCounted = (each: Attempt) =>
        isWithin(each, attempt, limit.windowUs) && !changes.mayBeGivenBack(returnable(each), attempt);
      const within = local.filter(isCounted);
      const ofProcess = costOf(within.filter(({ daemon }) => daemon === attempt.daemon));
      if (ofProcess > limit.limit)
        violate(
          `${attempt.place}: ${ofProcess} admitted locally of ${limit.limit} in a window of ${limit.name}, subject ${subject}`,
        );
      const all = costOf(within) + costOf(attempts.filter((each) => isCharge(each) && isCounted(each)));
      const bound = limit.limit * groupBy(within, ({ daemon }) => daemon).size;
      const excess = all - limit.limit;
      if (excess > bound)
        violate(
          `${attempt.place}: ${excess} more than ${limit.limit} admitted, of ${bound} at most, subject ${subject}`,
        );
      if (excess > most.excess) most = { excess, bound, place: attempt.place };
    }
  }
  const notes =
    most.excess > 0
      ? [
          `most beyond a limit in one window: ${most.excess}, of ${most.bound} that outages allow (${most.place})`,
        ]
      : [];
  return result(`${localCount} local admissions, ${anywayCount} without counting`, notes);
}

type LocalWindow = [Attempt, { readonly name: string; readonly limit: number; readonly windowUs: number }];

function windowsOf(attempt: Attempt): LocalWindow[] {
  if (attempt.policy.rule !== 'local') return [];
  return enforcedLimits(attempt, 'sliding-window').map((limit) => [attempt, limit]);
}

function isWithin({ answer }: Attempt, end: Attempt, windowUs: number): boolean {
  const [us, endUs] = [answer?.decidedUs ?? 0, end.answer?.decidedUs ?? 0];
  return us > endUs - windowUs && us <= endUs;
}

function costOf(attempts: readonly Attempt[]): number {
  return attempts.reduce((sum, { sent }) => sum + sent.cost, 0);
}
