import {
  RateLimitResponse_Code as Code,
  type RateLimitResponse,
  RateLimitResponse_RateLimit_Unit as Unit,
} from '../../../gen/envoy/service/ratelimit/v3/rls';
import { AdmitResponse, Decision, LimitStatus } from '../../../gen/quota/v1/quota_service';
import { ENVOY_POLICY } from '../load/envoy_mapping';

/** The message that has every field unset: the contract grows. */
const NOTHING = new Uint8Array();

/** An answer as the daemon's own for one admission of the policy `connection`: of the same size on the wire. */
export const ANSWER: AdmitResponse = {
  ...AdmitResponse.decode(NOTHING),
  decision: Decision.ADMITTED,
  limits: [
    {
      ...LimitStatus.decode(NOTHING),
      name: 'per-window',
      limit: 10,
      remaining: 9,
      window: { seconds: 600, nanos: 0 },
      resetDelay: { seconds: 599, nanos: 999_999_000 },
      nextDelay: { seconds: 599, nanos: 999_999_000 },
    },
  ],
};

/** An answer as the daemon's own to Envoy for one request. */
export const ENVOY_ANSWER: RateLimitResponse = {
  overallCode: Code.OK,
  statuses: [
    {
      code: Code.OK,
      currentLimit: { name: ENVOY_POLICY, requestsPerUnit: 10, unit: Unit.UNKNOWN },
      limitRemaining: 9,
      durationUntilReset: { seconds: 600, nanos: 0 },
    },
  ],
  responseHeadersToAdd: [
    { key: 'RateLimit-Policy', value: `"${ENVOY_POLICY}";q=10;w=600` },
    { key: 'RateLimit', value: `"${ENVOY_POLICY}";r=9;t=600` },
  ],
};
