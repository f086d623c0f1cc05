import { status } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import {
  type AdmitRequest,
  type BatchAdmitResult,
  type QuotaServiceServer,
  QuotaServiceService,
} from '../../gen/quota/v1/quota_service';
import type { Admission, Decision } from '../quota/admission';
import type { Limiter } from '../quota/limiter';
import { toAdmitResponse, toBatchError, toBatchResult, toStatsResponse } from './reply';
import { type CallContext, logFailure, unary } from './unary';
import { parseAdmit, parseBatch, parseRecordCall, parseStats } from './validate';

/** Requests of a batch that are on their way to Redis at once. More would meet a command's deadline on a busy machine. */
const CHUNK_SIZE = 100;

/** The methods of QuotaService. Each has three steps: in, decide, out. */
export function createHandlers(context: CallContext & { limiter: Limiter }): QuotaServiceServer {
  const { limiter, logger } = context;

  async function decide(admission: Admission): Promise<Decision> {
    const decision = await limiter.admit(admission);
    if (!decision.admitted) logDenial(logger, admission, decision);
    return decision;
  }

  async function decideOne(request: AdmitRequest): Promise<BatchAdmitResult> {
    try {
      return toBatchResult(await decide(parseAdmit(request)));
    } catch (error) {
      logFailure(logger, { method: QuotaServiceService.batchAdmit.path, error });
      return toBatchError(error);
    }
  }

  /** In order: a chunk is written to Redis in one go, whose connection keeps the order within it. */
  async function decideAll(requests: readonly AdmitRequest[]): Promise<BatchAdmitResult[]> {
    const results: BatchAdmitResult[] = [];
    for (let at = 0; at < requests.length; at += CHUNK_SIZE) {
      const decided = await Promise.all(requests.slice(at, at + CHUNK_SIZE).map(decideOne));
      results.push(...decided);
      // Where the store answered none of them, the rest would only wait in turn to hear the same.
      const [first] = decided;
      if (first && decided.every(isUnavailable)) return requests.map((_, index) => results[index] ?? first);
    }
    return results;
  }

  return {
    admit: unary(async (request) => toAdmitResponse(await decide(parseAdmit(request))), context),
    batchAdmit: unary(async (request) => ({ results: await decideAll(parseBatch(request)) }), context),
    recordCall: unary(
      async (request) => ({ recorded: await limiter.recordCall(parseRecordCall(request)) }),
      context,
    ),
    stats: unary(
      async (request, _, signal) =>
        toStatsResponse(await limiter.usage(parseStats(request, limiter.windowsMs()), signal())),
      context,
    ),
  };
}

function isUnavailable({ result }: BatchAdmitResult): boolean {
  return result?.$case === 'error' && result.value.code === status.UNAVAILABLE;
}

function logDenial(
  logger: Logger,
  { subject, policy, cost, requestId }: Admission,
  { retryDelayUs }: Decision,
): void {
  const retryDelayMs = retryDelayUs === undefined ? undefined : Math.ceil(retryDelayUs / 1000);
  logger.info({ subject, policy, cost, requestId, retryDelayMs }, 'denied');
}
