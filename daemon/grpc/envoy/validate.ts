import type { RateLimitDescriptor } from '../../../gen/envoy/extensions/common/ratelimit/v3/ratelimit';
import type { RateLimitRequest } from '../../../gen/envoy/service/ratelimit/v3/rls';
import type { LimitSize } from '../../quota/algorithms/algorithm';
import type { Descriptor, DescriptorRequest } from '../../quota/descriptors/descriptor';
import { MAX_COST } from '../../quota/joint_admission';
import { createFaults } from '../quota/validate';
import { windowMsOf } from './units';

/** Envoy makes one descriptor for each rate limit of a route; more are a slip. */
const MAX_DESCRIPTORS = 100;

/** Checks a ShouldRateLimit request. Throws `InvalidRequest` with every fault. */
export function parseRateLimit(request: RateLimitRequest, requestId: string | undefined): DescriptorRequest {
  const { domain, descriptors, hitsAddend } = request;
  const faults = createFaults();
  faults.require(domain !== '', 'domain', 'is required');
  const count = descriptors.length;
  faults.require(
    count >= 1 && count <= MAX_DESCRIPTORS,
    'descriptors',
    `must hold 1 to ${MAX_DESCRIPTORS}; it holds ${count}`,
  );
  for (const [at, { isNegativeHits }] of descriptors.entries())
    faults.require(
      !isNegativeHits,
      `descriptors[${at}].is_negative_hits`,
      'must be false: Refund gives back what a request took',
    );
  faults.throwIfAny();
  const shared = hitsAddend === 0 ? 1 : hitsAddend;
  return { domain, requestId, descriptors: descriptors.map((each) => toDescriptor(each, shared)) };
}

function toDescriptor({ entries, limit, hitsAddend }: RateLimitDescriptor, shared: number): Descriptor {
  const windowMs = limit && windowMsOf(limit);
  const override: LimitSize | undefined =
    limit === undefined || windowMs === undefined ? undefined : { limit: limit.requestsPerUnit, windowMs };
  // More than any limit holds is denied in any case.
  return { entries, cost: Math.min(MAX_COST, hitsAddend ?? shared), override };
}
