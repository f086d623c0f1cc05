import type { Admission, Decision } from '../quota/admission';
import { formatDuration } from '../quota/duration';
import { RefundedRequest, reusedRequestId } from '../quota/errors';
import { countsTakings } from '../quota/limits';
import type { Policy } from '../quota/policies';
import { retainMs } from '../quota/policy_bounds';
import type { Account } from './account';
import { retryDelayUs, type Sight, type SizedLimit, sizedLimits, statusOf } from './sized_limits';

const US_PER_MS = 1000;

export interface Deciding {
  readonly account: Account;
  readonly policy: Policy;
  readonly sight: Sight;
  /** Called before anything is taken; if it throws, nothing is taken. */
  readonly beforeTaking: () => void;
}

/** A limit, and until when it has no room for the cost: 0 if it has, undefined if it never will. */
interface Judged {
  readonly sized: SizedLimit;
  readonly delayUs: number | undefined;
}

/**
 * Takes the cost from every limit of the policy, or from none. Throws `InvalidRequest` if the id had another cost, and
 * `RefundedRequest` if it was refunded.
 */
export function decide({ cost, requestId }: Admission, deciding: Deciding): Decision {
  const { account, policy, sight, beforeTaking } = deciding;
  const { nowUs } = sight;
  const id = requestId === undefined || policy.rememberMs === 0 ? undefined : normalized(requestId);
  const known = id === undefined ? undefined : account.takings.find(id);
  if (known !== undefined) {
    if (known.isRefunded) throw new RefundedRequest();
    if (known.cost !== cost) throw reusedRequestId(formatDuration(policy.rememberMs), 'cost');
    return { ...answer(deciding, []), admitted: true, isRepeat: true };
  }
  const judged = sizedLimits(account, policy, sight).map((sized) => {
    return { sized, delayUs: retryDelayUs(sized, cost, nowUs) };
  });
  const denying = judged.filter(({ sized, delayUs }) => !sized.limit.shadow && delayUs !== 0);
  if (denying.length > 0) {
    const delays = denying.map(({ delayUs = Number.POSITIVE_INFINITY }) => delayUs);
    const longestUs = Math.max(...delays);
    const retryUs = Number.isFinite(longestUs) ? longestUs : undefined;
    return { ...answer(deciding, judged), admitted: false, isRepeat: false, retryDelayUs: retryUs };
  }
  beforeTaking();
  take(deciding, judged, { id, cost });
  return { ...answer(deciding, judged), admitted: true, isRepeat: false };
}

/** Takes from every limit. A shadow that would have denied takes nothing, as if it had. */
function take(
  { account: { takings }, policy, sight: { nowUs } }: Deciding,
  judged: readonly Judged[],
  { id, cost }: { id: string | undefined; cost: number },
): void {
  const isCounted = policy.limits.some(countsTakings);
  const taking = { id, cost, atUs: nowUs, isCounted };
  for (const { sized, delayUs } of judged) if (delayUs === 0) sized.view.take(taking);
  takings.forget(nowUs - retainMs(policy) * US_PER_MS);
  if (isCounted || id !== undefined) takings.add(taking);
}

/** How the limits stand now, after the verdict. */
function answer({ account, policy, sight }: Deciding, judged: readonly Judged[]) {
  const limits = sizedLimits(account, policy, sight).map((sized, at) => {
    const delayUs = judged[at]?.delayUs;
    return statusOf(sized, judged.length > 0 && sized.limit.shadow === true && delayUs !== 0);
  });
  return { limits, retryDelayUs: undefined, decidedUs: sight.nowUs };
}

/** A UUID may be written in two cases. */
export function normalized(requestId: string): string {
  return requestId.toLowerCase();
}
