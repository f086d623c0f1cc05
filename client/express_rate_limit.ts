import type { ClientRateLimitInfo, Options, Store } from 'express-rate-limit';
import type { Admission } from './answers/admission';
import type { Limit } from './answers/limits';
import { giveBack } from './http/guard';
import type { QuotaClient } from './quota_client';

/** What the middleware expects and the policy cannot keep. The message says what to change. */
export class StoreUnfit extends Error {
  readonly code = 'QUOTA_STORE_UNFIT';
  override readonly name = 'StoreUnfit';
}

const USE_REFUND_IF =
  'a store does not know which request it gives back; use the middleware of this package, whose option refundIf is';

type GivenOptions = Pick<Options, 'limit' | 'windowMs' | 'skipFailedRequests' | 'skipSuccessfulRequests'>;

type Wanted = { limit: number; windowMs: number };

/**
 * A store for express-rate-limit that counts by one policy of the daemon: exactly, or not at all. The middleware's `limit` and
 * `windowMs` must be those of the policy, which has one limit; if they are not, each request fails with StoreUnfit.
 *
 * `get` and `resetKey` need the role `site` or `operator`. `skipFailedRequests` and `skipSuccessfulRequests` are rejected.
 */
export function quotaStore({
  client,
  policy,
}: {
  client: Pick<QuotaClient, 'admit' | 'refund' | 'quotas' | 'reset'>;
  policy: string;
}): Store {
  let options: GivenOptions;
  return {
    // Its keys are those of all processes.
    localKeys: false,
    // Two stores with two policies may count the same key in one request.
    prefix: `${policy}:`,
    init(given) {
      options = given;
      wantedOf(given);
    },
    async increment(key) {
      const wanted = wantedOf(options);
      const admission = await client.admit({ subject: key, policy });
      try {
        const limit = onlyLimit(policy, exactLimits(admission));
        checkFit(policy, { limit, wanted });
        return toInfo(admission, { limit, wanted });
      } catch (error) {
        // The request fails, so it takes nothing.
        if (admission.admitted) await giveBack({ client }, { subject: key, admission });
        throw error;
      }
    },
    async decrement() {
      throw new StoreUnfit(USE_REFUND_IF);
    },
    async get(key) {
      const [quota] = await client.quotas({ subject: key, policy });
      const limit = onlyLimit(policy, quota?.limits ?? []);
      return { totalHits: limit.limit - limit.remaining, resetTime: after(limit.resetDelayMs) };
    },
    async resetKey(key) {
      await client.reset({ subject: key, policy });
    },
  };
}

/** What the middleware was made with. Throws StoreUnfit if it cannot be compared with a policy. */
function wantedOf({ limit, windowMs, skipFailedRequests, skipSuccessfulRequests }: GivenOptions): Wanted {
  if (skipFailedRequests || skipSuccessfulRequests)
    throw new StoreUnfit(`skipFailedRequests, skipSuccessfulRequests: ${USE_REFUND_IF}`);
  if (typeof limit !== 'number')
    throw new StoreUnfit(
      'limit: a function cannot be compared with the policy; give the number of the policy',
    );
  return { limit, windowMs };
}

function exactLimits({ decidedBy, degraded, limits }: Admission): Limit[] {
  if (decidedBy === 'client')
    throw new StoreUnfit('no daemon answered, so the count is not known; passOnStoreError decides');
  // Each daemon then counts by itself, or does not count at all.
  if (degraded)
    throw new StoreUnfit(
      'the daemon decided without its store, so the count is not exact; passOnStoreError decides',
    );
  return limits;
}

function onlyLimit(policy: string, limits: readonly Limit[]): Limit {
  const [limit] = limits;
  if (limit === undefined)
    throw new StoreUnfit(`policy "${policy}": its count is not known just now; passOnStoreError decides`);
  if (limits.length > 1)
    throw new StoreUnfit(`policy "${policy}" has ${limits.length} limits, and express-rate-limit knows one`);
  return limit;
}

type Compared = { limit: Limit; wanted: Wanted };

function checkFit(policy: string, { limit, wanted }: Compared): void {
  if (limit.windowMs !== wanted.windowMs)
    throw new StoreUnfit(`windowMs: ${wanted.windowMs}, and ${limit.windowMs} in the policy "${policy}"`);
  // An operator's override for one subject does not change the policy.
  if (limit.limit !== wanted.limit && !limit.overridden)
    throw new StoreUnfit(`limit: ${wanted.limit}, and ${limit.limit} in the policy "${policy}"`);
}

/** What makes the middleware decide as the daemon did, and show what is left. */
function toInfo(admission: Admission, { limit, wanted }: Compared): ClientRateLimitInfo {
  if (!admission.admitted) {
    const { retryDelayMs } = admission;
    return {
      totalHits: wanted.limit + 1,
      resetTime: retryDelayMs === undefined ? undefined : after(retryDelayMs),
    };
  }
  // An override may leave more than the middleware's limit, which it would show as less than nothing.
  const totalHits = Math.max(1, wanted.limit - limit.remaining);
  return { totalHits, resetTime: after(limit.resetDelayMs) };
}

function after(delayMs: number): Date {
  return new Date(Date.now() + delayMs);
}
