import { AdmitResponse, Decision, LimitStatus } from '../../../gen/quota/v1/quota_service';

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
