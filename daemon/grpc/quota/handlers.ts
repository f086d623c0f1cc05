import type { handleUnaryCall, Metadata, UntypedServiceImplementation } from '@grpc/grpc-js';
import {
  type AdmitRequest,
  type BatchAdmitRequest,
  type QuotaServiceServer,
  QuotaServiceService,
} from '../../../gen/quota/v1/quota_service';
import { PermissionDenied } from '../../access/errors';
import type { Use } from '../../access/restrictions';
import type { Admission, Answer, Decision } from '../../quota/admission';
import { InvalidRequest } from '../../quota/errors';
import type { Limiter } from '../../quota/limiter';
import type { UsageQuery } from '../../quota/usage';
import { callIdOf } from '../call_id';
import { requirePermission } from '../guards/authenticate';
import { type RequestContext, unary } from '../unary';
import { createDecisionWriter } from './decision_writer';
import { toRefundResponse, toStatsResponse } from './reply';
import { parseAdmit, parseBatch, parseRecordCall, parseRefund, parseStats } from './validate';

interface HandlerContext extends RequestContext {
  readonly limiter: Limiter;
  /** Sets how many decisions a call counts as. Throws `Overloaded` if there are too many. */
  readonly weigh: (metadata: Metadata, decisionCount: number) => void;
}

const writer = createDecisionWriter();

/** QuotaService, whose decisions are written directly, without intermediate messages. */
export const DecidingService = {
  ...QuotaServiceService,
  admit: { ...QuotaServiceService.admit, responseSerialize: writer.admitResponse },
  batchAdmit: { ...QuotaServiceService.batchAdmit, responseSerialize: writer.batchAdmitResponse },
};

interface DecidingServer extends UntypedServiceImplementation {
  admit: handleUnaryCall<AdmitRequest, Decision>;
  batchAdmit: handleUnaryCall<BatchAdmitRequest, readonly Answer[]>;
  refund: QuotaServiceServer['refund'];
  recordCall: QuotaServiceServer['recordCall'];
  stats: QuotaServiceServer['stats'];
}

/** The methods of QuotaService. Each has three steps: in, decide, out. */
export function createHandlers(context: HandlerContext): DecidingServer {
  const { limiter, weigh, log } = context;

  function logUnlessAdmitted(admission: Admission | Error, answer: Answer, metadata: Metadata): void {
    if (answer instanceof Error) {
      const callId = callIdOf(metadata);
      log.failed({ method: QuotaServiceService.batchAdmit.path, error: answer, callId });
    } else if (!answer.admitted && !(admission instanceof Error)) {
      log.denied(admission, answer, () => callIdOf(metadata));
    }
  }

  return {
    admit: unary(async (request, metadata, patience) => {
      const admission = permitted(request, metadata);
      const decision = await limiter.admit(admission, patience);
      logUnlessAdmitted(admission, decision, metadata);
      return decision;
    }, context),
    batchAdmit: unary(async (request, metadata, patience) => {
      const requests = parseBatch(request);
      weigh(metadata, requests.length);
      const admissions = requests.map((each) => admissionOrFault(each, metadata));
      const decided = await limiter.admitAll(admissions, patience);
      const answers = decided.map(patience.explain);
      if (answers.some((answer, index) => answer !== decided[index]))
        context.onOverloaded?.(QuotaServiceService.batchAdmit.path);
      for (const [index, admission] of admissions.entries())
        logUnlessAdmitted(admission, answers[index] as Answer, metadata);
      return answers;
    }, context),
    refund: unary(async (request, metadata) => {
      const wanted = parseRefund(request);
      requirePermission(metadata, () => ({ subject: wanted.subject, policy: wanted.policy }));
      return toRefundResponse(await limiter.refund(wanted));
    }, context),
    recordCall: unary(async (request, metadata, patience) => {
      const call = parseRecordCall(request);
      requirePermission(metadata, () => ({ subject: call.subject }));
      return { recorded: await limiter.recordCall(call, patience) };
    }, context),
    stats: unary(async (request, metadata, patience) => {
      const query = parseStats(request, limiter.windowsMs());
      requirePermission(metadata, () => statsUse(query));
      return toStatsResponse(await limiter.usage(query, patience.signal()));
    }, context),
  };
}

/** The admission that a caller asks for, if it is permitted. */
function permitted(request: AdmitRequest, metadata: Metadata): Admission {
  const admission = parseAdmit(request);
  requirePermission(metadata, () => admission);
  return admission;
}

/** The lists show everybody who has connected, and the hours show all policies. */
function statsUse({ subject, recentCount, topCount, leastCount, hourCount }: UsageQuery): Use {
  return {
    subject,
    showsEverybody: {
      recent_count: recentCount > 0,
      top_count: topCount > 0,
      least_count: leastCount > 0,
    },
    showsAllPolicies: { hour_count: hourCount > 0 },
  };
}

/** One wrong request does not spoil the others of its batch. */
function admissionOrFault(request: AdmitRequest, metadata: Metadata): Admission | Error {
  try {
    return permitted(request, metadata);
  } catch (error) {
    if (error instanceof InvalidRequest || error instanceof PermissionDenied) return error;
    throw error;
  }
}
