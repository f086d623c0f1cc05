import { UnknownRequest } from '../../quota/errors';
import type { Refund } from '../../quota/refund';
import type { RefundAsked } from '../../quota/store';
import { callFunction } from '../library';
import { encodeCall, type Place } from './admit';
import { readStatuses } from './statuses';

/** The verdicts of `scripts/limits/refund.lua`. */
const VERDICT = { refunded: 1, unknown: -1 } as const;

/** Values of its reply before those of the limits. */
const VALUES_BEFORE = 4;

/** Gives back what a request of the place's partition took. Throws `UnknownRequest`. */
export async function refundRequest(place: Place, { request, policy }: RefundAsked): Promise<Refund> {
  const entry = { admission: { ...request, cost: 0 }, policy, deadlineUs: undefined, wantsIds: false };
  const values = (await callFunction(place.redis, 'refund', encodeCall(place, [entry]))) as number[];
  const [refundedUs = 0, verdict, cost = 0, freesEmpty] = values;
  if (verdict === VERDICT.unknown) throw new UnknownRequest();
  return {
    isRefunded: verdict === VERDICT.refunded,
    cost,
    limits: readStatuses(policy, values, VALUES_BEFORE),
    freesEmpty: freesEmpty === 1,
    refundedUs,
  };
}
