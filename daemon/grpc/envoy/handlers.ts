import type { Metadata } from '@grpc/grpc-js';
import type { RateLimitServiceServer } from '../../../gen/envoy/service/ratelimit/v3/rls';
import type { JointDecision, Part } from '../../quota/joint_admission';
import type { Limiter } from '../../quota/limiter';
import { callIdOf } from '../call_id';
import { requirePermission } from '../guards/authenticate';
import { type RequestContext, unary } from '../unary';
import { toRateLimitResponse } from './reply';
import { parseRateLimit } from './validate';

interface EnvoyContext extends RequestContext {
  readonly limiter: Limiter;
  /** Sets how many decisions a call counts as. Throws `Overloaded` if there are too many. */
  readonly weigh: (metadata: Metadata, decisionCount: number) => void;
}

/** Names the request that Envoy decides on, if its configuration sends it. */
const REQUEST_ID_KEY = 'x-request-id';

/** Nothing to decide on. */
const NO_PARTS: JointDecision = { admitted: true, parts: [] };

/** The method that Envoy calls. It has three steps: in, decide, out. */
export function createEnvoyHandlers(context: EnvoyContext): RateLimitServiceServer {
  const { limiter, weigh, log } = context;

  function logDenied(
    parts: readonly Part[],
    { admitted, parts: decisions }: JointDecision,
    metadata: Metadata,
  ) {
    if (admitted) return;
    for (const [at, { policy, ...part }] of parts.entries()) {
      const decision = decisions[at];
      if (decision === undefined || decision.admitted) continue;
      log.denied({ ...part, policy: policy.name }, decision, () => callIdOf(metadata));
    }
  }

  return {
    shouldRateLimit: unary(async (request, metadata, patience) => {
      const wanted = parseRateLimit(request, requestIdOf(metadata));
      const parts = limiter.partsOf(wanted);
      const mapped = parts.filter((part) => part !== undefined);
      if (mapped.length > 1) weigh(metadata, mapped.length);
      for (const { subject, policy, cost } of mapped)
        requirePermission(metadata, () => ({ subject, policy: policy.name, cost }));
      const decision = mapped.length === 0 ? NO_PARTS : await limiter.admitTogether(mapped, patience);
      logDenied(mapped, decision, metadata);
      return toRateLimitResponse(parts, decision);
    }, context),
  };
}

function requestIdOf(metadata: Metadata): string | undefined {
  const [id] = metadata.get(REQUEST_ID_KEY);
  return id === undefined || id === '' ? undefined : String(id);
}
