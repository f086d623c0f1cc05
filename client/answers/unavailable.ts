import { type ServiceError, status } from '@grpc/grpc-js';
import { ErrorInfo, RetryInfo } from 'nice-grpc-error-details';
import { Status } from 'nice-grpc-error-details/lib/proto/google/rpc/status';

/** The channel tries again within a second, so a caller may too. */
const DEFAULT_RETRY_AFTER_MS = 1_000;

/** The daemon, or the way to it, is out of order for now; any other status is its answer to this very request. */
const TEMPORARY: ReadonlySet<string> = new Set([
  'UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'CANCELLED',
  'RESOURCE_EXHAUSTED',
]);

type Unavailability = {
  requestId: string;
  reason: string;
  grpcStatus?: string;
  daemonReason?: string | undefined;
  retryAfterMs?: number | undefined;
  cause?: unknown;
};

/** No decision was made: no daemon was reached, or it rejected the request. Never to be read as a denial. */
export class QuotaUnavailable extends Error {
  readonly code = 'QUOTA_UNAVAILABLE';
  /** Wait this long before asking again. */
  readonly retryAfterMs: number;
  /** The one that was sent, to find the request in the daemon's log. */
  readonly requestId: string;
  /** The name of the gRPC status. Example: "DEADLINE_EXCEEDED". */
  readonly grpcStatus: string;
  /** The reason as the daemon names it, "OVERLOADED" for example; undefined if the status is not the daemon's. */
  readonly daemonReason: string | undefined;

  readonly #options: Unavailability;

  constructor(options: Unavailability) {
    super(`the quota daemon made no decision: ${options.reason}`, { cause: options.cause });
    this.#options = options;
    this.requestId = options.requestId;
    this.grpcStatus = options.grpcStatus ?? 'UNAVAILABLE';
    this.daemonReason = options.daemonReason;
    this.retryAfterMs = options.retryAfterMs ?? DEFAULT_RETRY_AFTER_MS;
  }

  /** The same failure, of another request that was sent with this one. */
  ofRequest(requestId: string): QuotaUnavailable {
    return new QuotaUnavailable({ ...this.#options, requestId });
  }

  /** Whether the same request may be decided later. False if the request, or who sends it, is at fault. */
  get isTemporary(): boolean {
    return TEMPORARY.has(this.grpcStatus);
  }

  /** Whether no daemon answered at all; one that answers that it cannot decide has answered. */
  get isUnanswered(): boolean {
    const isSilence = this.grpcStatus === 'UNAVAILABLE' || this.grpcStatus === 'DEADLINE_EXCEEDED';
    return isSilence && this.daemonReason === undefined;
  }
}

/** The failure of a request after `close`. It is no outage, which `withoutDaemon` would decide. */
export function closedClient(requestId: string): QuotaUnavailable {
  return new QuotaUnavailable({ requestId, reason: 'the client is closed', grpcStatus: 'CANCELLED' });
}

/** Turns a gRPC failure into ours, with the reason and the retry delay of its details. */
export function toQuotaUnavailable(error: ServiceError, requestId: string): QuotaUnavailable {
  return new QuotaUnavailable({
    requestId,
    reason: error.message,
    grpcStatus: status[error.code],
    ...readDetails(error),
    cause: error,
  });
}

type Details = { daemonReason?: string; retryAfterMs?: number };

function readDetails(error: ServiceError): Details {
  const [bytes] = error.metadata?.get('grpc-status-details-bin') ?? [];
  if (!Buffer.isBuffer(bytes)) return {};
  try {
    const byType = new Map(
      Status.decode(bytes).details.map(({ typeUrl, value }) => [typeUrl.split('/').at(-1), value]),
    );
    const [info, retry] = ['google.rpc.ErrorInfo', 'google.rpc.RetryInfo'].map((type) => byType.get(type));
    const delay = retry && RetryInfo.decode(retry).retryDelay;
    return {
      ...(info && { daemonReason: ErrorInfo.decode(info).reason }),
      ...(delay && { retryAfterMs: Number(delay.seconds) * 1_000 + delay.nanos / 1_000_000 }),
    };
  } catch {
    // Details that cannot be read must not hide the failure itself.
    return {};
  }
}
