// The least that a server of our messages costs: grpc-js with constant answers.
import type { handleUnaryCall } from '@grpc/grpc-js';
import type { RateLimitRequest, RateLimitResponse } from '../../../gen/envoy/service/ratelimit/v3/rls';
import type {
  AdmitRequest,
  AdmitResponse,
  BatchAdmitRequest,
  BatchAdmitResponse,
  RecordCallRequest,
  RecordCallResponse,
} from '../../../gen/quota/v1/quota_service';
import { ANSWER, ENVOY_ANSWER } from './answers';
import { servePeer } from './serve';

const RESULT = { result: { $case: 'response' as const, value: ANSWER } };

const admit: handleUnaryCall<AdmitRequest, AdmitResponse> = (_call, answer) => answer(null, ANSWER);

const batchAdmit: handleUnaryCall<BatchAdmitRequest, BatchAdmitResponse> = ({ request }, answer) =>
  answer(null, { results: request.requests.map(() => RESULT) });

const recordCall: handleUnaryCall<RecordCallRequest, RecordCallResponse> = (_call, answer) =>
  answer(null, { recorded: true });

const shouldRateLimit: handleUnaryCall<RateLimitRequest, RateLimitResponse> = (_call, answer) =>
  answer(null, ENVOY_ANSWER);

servePeer({ admit, batchAdmit, recordCall }, { shouldRateLimit });
