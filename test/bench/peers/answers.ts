import { type AdmitResponse, Decision } from '../../../gen/quota/v1/quota_service';

/** An answer as the daemon's own for one admission of the policy `connection`: of the same size on the wire. */
export const ANSWER: AdmitResponse = {
  decision: Decision.ADMITTED,
  limits: [
    {
      name: 'per-window',
      limit: 10,
      remaining: 9,
      window: { seconds: 600, nanos: 0 },
      resetDelay: { seconds: 599, nanos: 999_999_000 },
      nextDelay: { seconds: 599, nanos: 999_999_000 },
      shadow: false,
      shadowDenied: false,
      overridden: false,
    },
  ],
  retryDelay: undefined,
  degraded: false,
  isRepeat: false,
};
