import type { Metadata } from '@grpc/grpc-js';
import {
  type AdmitRequest,
  type BatchAdmitResult,
  type QuotaServiceServer,
  QuotaServiceService,
} from '../../../gen/quota/v1/quota_service';
import type { Decision } from '../../quota/admission';
import type { Limiter } from '../../quota/limiter';
import type { Patience } from '../../quota/store';
import { callIdOf } from '../call_id';
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
    recordCall: unary(
      async (request) => ({ recorded: await limiter.recordCall(parseRecordCall(request)) }),
      context,
    ),
    stats: unary(
      async (request, _, patience) =>
        toStatsResponse(await limiter.usage(parseStats(request, limiter.windowsMs()), patience.signal())),
      context,
    ),
  };
}
