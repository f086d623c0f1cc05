import {
  RateLimitResponse_Code as Code,
  type RateLimitResponse_DescriptorStatus as DescriptorStatus,
  type RateLimitResponse,
} from '../../../gen/envoy/service/ratelimit/v3/rls';
import type { JointDecision, Part, PartDecision } from '../../quota/joint_admission';
import { type DecidedPart, headersOf } from './headers';
import { shownLimits } from './shown_limits';
import { unitOf } from './units';

const US_PER_MS = 1_000;
const US_PER_S = 1_000_000;

/** A descriptor that no policy decides on. */
const UNMAPPED: DescriptorStatus = {
  code: Code.OK,
  currentLimit: undefined,
  limitRemaining: 0,
  durationUntilReset: undefined,
};

/** The answer for each descriptor's part, in order; undefined for one that no policy is mapped to. */
export function toRateLimitResponse(
  parts: readonly (Part | undefined)[],
  { admitted, parts: decisions }: JointDecision,
): RateLimitResponse {
  const decided: DecidedPart[] = [];
  const statuses = parts.map((part) => {
    if (part === undefined) return UNMAPPED;
    const decision = decisions[decided.length] as PartDecision;
    decided.push({ part, decision });
    return toStatus(part, decision);
  });
  return {
    overallCode: admitted ? Code.OK : Code.OVER_LIMIT,
    statuses,
    responseHeadersToAdd: headersOf(decided),
  };
}

function toStatus(part: Part, decision: PartDecision): DescriptorStatus {
  const code = decision.admitted ? Code.OK : Code.OVER_LIMIT;
  const [tightest] = shownLimits(part, decision);
  if (tightest === undefined) return { ...UNMAPPED, code };
  const { name, status } = tightest;
  return {
    code,
    currentLimit: {
      name,
      requestsPerUnit: status.limit,
      unit: unitOf(status.windowUs / US_PER_MS),
    },
    limitRemaining: status.remaining,
    durationUntilReset: wholeSeconds(decision.retryDelayUs ?? status.resetDelayUs),
  };
}

/** Envoy reads the seconds only: rounded down, they would make a client come too early. */
function wholeSeconds(us: number): { seconds: number; nanos: number } {
  return { seconds: Math.ceil(us / US_PER_S), nanos: 0 };
}
