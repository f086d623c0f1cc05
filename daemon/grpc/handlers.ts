import { type Metadata, status } from '@grpc/grpc-js';
import {
  type AdmitRequest,
  type BatchAdmitResult,
  type QuotaServiceServer,
  QuotaServiceService,
} from '../../gen/quota/v1/quota_service';
import type { Admission, Decision } from '../quota/admission';
import type { Limiter } from '../quota/limiter';
import type { Patience } from '../quota/store';
import { toAdmitResponse, toBatchError, toBatchResult, toStatsResponse } from './reply';
import { type CallContext, unary } from './unary';
import { parseAdmit, parseBatch, parseRecordCall, parseStats } from './validate';

/** Requests of a batch that are on their way to Redis at once. More would meet a command's deadline on a busy machine. */
const CHUNK_SIZE = 100;

interface HandlerContext extends CallContext {
  readonly limiter: Limiter;
  /** Counts a call as so many decisions. Throws `Overloaded` if they are too many. */
  readonly weigh: (metadata: Metadata, decisionCount: number) => void;
}

/** The methods of QuotaService. Each has three steps: in, decide, out. */
export function createHandlers(context: HandlerContext): QuotaServiceServer {
  const { limiter, weigh, log } = context;

  async function decide(admission: Admission, patience: Patience): Promise<Decision> {
    const decision = await limiter.admit(admission, patience);
    if (!decision.admitted) log.denied(admission, decision);
    return decision;
  }

  async function decideOne(request: AdmitRequest, patience: Patience): Promise<BatchAdmitResult> {
    try {
      return toBatchResult(await decide(parseAdmit(request), patience));
    } catch (error) {
      log.failed({ method: QuotaServiceService.batchAdmit.path, error });
      return toBatchError(error);
    }
  }

  /** In order: a chunk is written to Redis in one go, whose connection keeps the order within it. */
  async function decideAll(
    requests: readonly AdmitRequest[],
    patience: Patience,
  ): Promise<BatchAdmitResult[]> {
    const results: BatchAdmitResult[] = [];
    for (let at = 0; at < requests.length; at += CHUNK_SIZE) {
      const decided = await Promise.all(
        requests.slice(at, at + CHUNK_SIZE).map((request) => decideOne(request, patience)),
      );
      results.push(...decided);
      // Where the store answered none of them, the rest would only wait in turn to hear the same.
      const [first] = decided;
      if (first && decided.every(isUnavailable)) return requests.map((_, index) => results[index] ?? first);
    }
    return results;
  }

  return {
    admit: unary(
      async (request, _, patience) => toAdmitResponse(await decide(parseAdmit(request), patience)),
      context,
    ),
    batchAdmit: unary(async (request, metadata, patience) => {
      const requests = parseBatch(request);
      weigh(metadata, requests.length);
      return { results: await decideAll(requests, patience) };
    }, context),
    recordCall: unary(
      async (request) => ({ recorded: await limiter.recordCall(parseRecordCall(request)) }),
      context,
    ),
    stats: unary(async (request) => toStatsResponse(await limiter.usage(parseStats(request))), context),
  };
}

function isUnavailable({ result }: BatchAdmitResult): boolean {
  return result?.$case === 'error' && result.value.code === status.UNAVAILABLE;
}
