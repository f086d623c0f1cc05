import type { ServiceError } from '@grpc/grpc-js';
import { RetryInfo } from 'nice-grpc-error-details';
import { Status } from 'nice-grpc-error-details/lib/proto/google/rpc/status';

/** The channel tries again within a second, so a visitor may too. */
const DEFAULT_RETRY_AFTER_MS = 1_000;

const RETRY_INFO_TYPE = /\/google\.rpc\.RetryInfo$/;

/** The daemon made no decision: it is out of reach, or refused the question. Never to be read as a denial. */
export class QuotaUnavailable extends Error {
  readonly code = 'QUOTA_UNAVAILABLE';
  /** Wait this long before asking again. */
  readonly retryAfterMs: number;
  /** The one the daemon was asked with, to find the request in its logs. */
  readonly requestId: string;

  constructor(options: {
    requestId: string;
    reason: string;
    retryAfterMs?: number | undefined;
    cause?: unknown;
  }) {
    super(`the quota daemon made no decision: ${options.reason}`, { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs ?? DEFAULT_RETRY_AFTER_MS;
    this.requestId = options.requestId;
  }
}

/** Turns a gRPC failure into ours, with the retry delay the daemon asked for where it gave one. */
export function toQuotaUnavailable(error: ServiceError, requestId: string): QuotaUnavailable {
  return new QuotaUnavailable({
    requestId,
    reason: error.message,
    retryAfterMs: retryDelayMs(error),
    cause: error,
  });
}

function retryDelayMs(error: ServiceError): number | undefined {
  const [bytes] = error.metadata?.get('grpc-status-details-bin') ?? [];
  if (!Buffer.isBuffer(bytes)) return undefined;
  try {
    const detail = Status.decode(bytes).details.find(({ typeUrl }) => RETRY_INFO_TYPE.test(typeUrl));
    const delay = detail && RetryInfo.decode(detail.value).retryDelay;
    return delay && Number(delay.seconds) * 1_000 + delay.nanos / 1_000_000;
  } catch {
    // Details that cannot be read must not hide the failure itself.
    return undefined;
  }
}
