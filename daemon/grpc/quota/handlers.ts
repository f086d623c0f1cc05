import type { Metadata } from '@grpc/grpc-js';
import {
  type AdmitRequest,
  type BatchAdmitResult,
  type QuotaServiceServer,
  QuotaServiceService,
} from '../../../gen/quota/v1/quota_service';
import type { Use } from '../../access/restrictions';
import type { Decision } from '../../quota/admission';
import type { Limiter } from '../../quota/limiter';
import type { Patience } from '../../quota/store';
import type { UsageQuery } from '../../quota/usage';
import { callIdOf } from '../call_id';
import { requirePermission } from '../guards/authenticate';
import { type RequestContext, unary } from '../unary';
import { toAdmitResponse, toBatchError, toBatchResult, toStatsResponse } from './reply';
import { parseAdmit, parseBatch, parseRecordCall, parseStats } from './validate';

interface HandlerContext extends RequestContext {
  readonly limiter: Limiter;
  /** Counts a call as so many decisions. Throws `Overloaded` if they are too many. */
  readonly weigh: (metadata: Metadata, decisionCount: number) => void;
}

/** The methods of QuotaService. Each has three steps: in, decide, out. */
export function createHandlers(context: HandlerContext): QuotaServiceServer {
  const { limiter, weigh, log } = context;

  async function decide(request: AdmitRequest, metadata: Metadata, patience: Patience): Promise<Decision> {
    const admission = parseAdmit(request);
    requirePermission(metadata, () => admission);
    const decision = await limiter.admit(admission, patience);
    if (!decision.admitted) log.denied(admission, decision, () => callIdOf(metadata));
    return decision;
  }

  function decideOne(
    request: AdmitRequest,
    metadata: Metadata,
    patience: Patience,
  ): Promise<BatchAdmitResult> {
    return decide(request, metadata, patience).then(toBatchResult, (error: unknown) => {
      log.failed({ method: QuotaServiceService.batchAdmit.path, error, callId: callIdOf(metadata) });
      return toBatchError(error);
    });
  }

  return {
    admit: unary(
      async (request, metadata, patience) => toAdmitResponse(await decide(request, metadata, patience)),
      context,
    ),
    batchAdmit: unary(async (request, metadata, patience) => {
      const requests = parseBatch(request);
      weigh(metadata, requests.length);
      // In order: what is asked in one turn goes to Redis in one go, whose connection keeps the order.
      return { results: await Promise.all(requests.map((each) => decideOne(each, metadata, patience))) };
    }, context),
    recordCall: unary(async (request, metadata) => {
      const call = parseRecordCall(request);
      requirePermission(metadata, () => ({ subject: call.subject }));
      return { recorded: await limiter.recordCall(call) };
    }, context),
    stats: unary(async (request, metadata, patience) => {
      const query = parseStats(request, limiter.windowsMs());
      requirePermission(metadata, () => statsUse(query));
      return toStatsResponse(await limiter.usage(query, patience.signal()));
    }, context),
  };
}

/** The lists show whoever has connected, and the hours show every policy. */
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
