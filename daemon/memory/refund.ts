import { UnknownRequest } from '../quota/errors';
import type { Policy } from '../quota/policies';
import type { Refund } from '../quota/refund';
import type { Account } from './account';
import { normalized } from './decide';
import { type Sight, type SizedLimit, sizedLimits, statusOf } from './sized_limits';
import type { Taking } from './takings';

export interface Refunding {
  readonly account: Account;
  readonly policy: Policy;
  readonly sight: Sight;
}

/** Gives back what a request took, and when it was taken. The request stays remembered. Throws `UnknownRequest`. */
export function refund(requestId: string, refunding: Refunding): Refund & { takenUs: number } {
  const { account, policy, sight } = refunding;
  const known = account.takings.find(normalized(requestId));
  if (known === undefined) throw new UnknownRequest();
  const before = sizedLimits(account, policy, sight);
  const emptyBefore = before.filter(isEmpty).length;
  const isRefunded = !known.isRefunded;
  if (isRefunded) giveBack(known, before);
  const after = sizedLimits(account, policy, sight);
  return {
    isRefunded,
    cost: isRefunded ? known.cost : 0,
    limits: after.map((limit) => statusOf(limit)),
    freesEmpty: after.filter(isEmpty).length < emptyBefore,
    refundedUs: sight.nowUs,
    takenUs: known.atUs,
  };
}

function giveBack(known: Taking, limits: readonly SizedLimit[]): void {
  for (const { view } of limits) view.refund(known);
  known.isCounted = false;
  known.isRefunded = true;
}

/** Whether a limit that may deny has nothing remaining, unless it never has. */
function isEmpty({ limit, size, view }: SizedLimit): boolean {
  return !limit.shadow && size > 0 && view.describe().remaining === 0;
}
