// rate-limiter-flexible with Redis behind the same unary method: a fixed window, no request ids, no log, no statistics.
import type { handleUnaryCall } from '@grpc/grpc-js';
import { Redis } from 'ioredis';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { type AdmitRequest, type AdmitResponse, Decision } from '../../../gen/quota/v1/quota_service';
import { ANSWER } from './answers';
import { servePeer } from './serve';

const POINTS = 10;
const DURATION_S = 600;
const MS_PER_S = 1000;
const NANOS_PER_MS = 1_000_000;

const limiter = new RateLimiterRedis({
  storeClient: new Redis(String(process.argv[2])),
  points: POINTS,
  duration: DURATION_S,
});

const admit: handleUnaryCall<AdmitRequest, AdmitResponse> = ({ request }, answer) => {
  limiter.consume(request.subject).then(
    (taken) => answer(null, answerOf(Decision.ADMITTED, taken)),
    (refusal: unknown) => {
      if (refusal instanceof RateLimiterRes) answer(null, answerOf(Decision.DENIED, refusal));
      else answer(refusal as Error);
    },
  );
};

function answerOf(decision: Decision, { remainingPoints, msBeforeNext }: RateLimiterRes): AdmitResponse {
  const resetDelay = {
    seconds: Math.floor(msBeforeNext / MS_PER_S),
    nanos: (msBeforeNext % MS_PER_S) * NANOS_PER_MS,
  };
  const limits = ANSWER.limits.map((limit) => ({ ...limit, remaining: remainingPoints, resetDelay }));
  return { ...ANSWER, decision, limits };
}

servePeer({ admit });
