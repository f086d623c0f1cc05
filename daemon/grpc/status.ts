import { Metadata, status } from '@grpc/grpc-js';
import { Any, BadRequest, ErrorInfo, RetryInfo } from 'nice-grpc-error-details';
import { Status } from 'nice-grpc-error-details/lib/proto/google/rpc/status';
import { QuotaServiceService } from '../../gen/quota/v1/quota_service';
import { PermissionDenied, TooManyStreams, Unauthenticated } from '../access/errors';
import { LoweredLimit, TooManyErasures, UnknownErasure } from '../quota/erasing';
import {
  DeadlinePassed,
  type FieldFault,
  InvalidRequest,
  RefundedRequest,
  StoreUnavailable,
  UnknownLimit,
  UnknownPolicy,
  UnknownRequest,
  UnknownService,
} from '../quota/errors';
import { LessensOverride } from '../quota/raises';
import { Overloaded } from './guards/load_limit';
import { durationOfMs } from './time';

/** What a caller sees of a failure: never a stack or an inner message. */
export interface ErrorStatus {
  readonly code: status;
  readonly message: string;
  /** Names the failure for programs, as `google.rpc.ErrorInfo`. */
  readonly reason: string;
  /** What the reason is about. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** When to try again, as `google.rpc.RetryInfo`. */
  readonly retryMs?: number;
  /** Every bad field, as `google.rpc.BadRequest`. */
  readonly faults?: readonly FieldFault[];
  /** When a client library may repeat the call by itself (gRFC A6); undefined leaves that to it. */
  readonly pushbackMs?: number;
}

/** The `domain` of every ErrorInfo: the owner of the reasons. */
const DOMAIN = 'quota.v1.QuotaService';

/** When to retry while the store is unreachable: about the time of a reconnection. */
const STORE_RETRY_MS = 1000;

/** When to retry after an overload: soon, and not all callers at the same moment. */
const OVERLOAD_RETRY_MS = { least: 100, most: 400 };

function overloadRetryMs(): number {
  const { least, most } = OVERLOAD_RETRY_MS;
  return least + Math.floor(Math.random() * (most - least));
}

/** The methods whose request_id makes a retry safe. */
const WITH_REQUEST_ID: ReadonlySet<string> = new Set(
  [QuotaServiceService.admit, QuotaServiceService.batchAdmit, QuotaServiceService.recordCall].map(
    ({ path }) => path,
  ),
);

/** Errors with a status and a reason, and no further details. */
const PLAIN: readonly (readonly [new (...args: never[]) => Error, status, string])[] = [
  [UnknownRequest, status.NOT_FOUND, 'UNKNOWN_REQUEST'],
  [RefundedRequest, status.FAILED_PRECONDITION, 'REFUNDED_REQUEST'],
  [Unauthenticated, status.UNAUTHENTICATED, 'UNAUTHENTICATED'],
  [TooManyStreams, status.RESOURCE_EXHAUSTED, 'TOO_MANY_STREAMS'],
  [UnknownErasure, status.NOT_FOUND, 'UNKNOWN_ERASURE'],
  [LoweredLimit, status.FAILED_PRECONDITION, 'LOWERED_LIMIT'],
  [TooManyErasures, status.RESOURCE_EXHAUSTED, 'TOO_MANY_ERASURES'],
  [DeadlinePassed, status.DEADLINE_EXCEEDED, 'DEADLINE_PASSED'],
];

function plainStatus(error: unknown): ErrorStatus | undefined {
  for (const [type, code, reason] of PLAIN)
    if (error instanceof type) return { code, message: error.message, reason };
  return undefined;
}

/** The one table of errors. `method` is what was called, as `/package.Service/Method`. */
export function statusOf(error: unknown, method: string): ErrorStatus {
  if (error instanceof InvalidRequest) {
    return {
      code: status.INVALID_ARGUMENT,
      message: error.message,
      reason: 'INVALID_REQUEST',
      faults: error.faults,
    };
  }
  if (error instanceof UnknownPolicy) {
    return {
      code: status.NOT_FOUND,
      message: error.message,
      reason: 'UNKNOWN_POLICY',
      metadata: { policy: error.policy },
    };
  }
  if (error instanceof UnknownLimit) {
    return {
      code: status.NOT_FOUND,
      message: error.message,
      reason: 'UNKNOWN_LIMIT',
      metadata: { policy: error.policy, limit: error.limit },
    };
  }
  if (error instanceof UnknownService) {
    return {
      code: status.NOT_FOUND,
      message: error.message,
      reason: 'UNKNOWN_SERVICE',
      metadata: { service: error.service },
    };
  }
  if (error instanceof LessensOverride) {
    return {
      code: status.FAILED_PRECONDITION,
      message: error.message,
      reason: 'LESSENS_OVERRIDE',
    };
  }
  if (error instanceof StoreUnavailable) {
    return {
      code: status.UNAVAILABLE,
      message: WITH_REQUEST_ID.has(method)
        ? 'the store did not answer; retry with the same request_id, which takes nothing twice'
        : 'the store did not answer; try again',
      reason: 'STORE_UNAVAILABLE',
      retryMs: STORE_RETRY_MS,
    };
  }
  if (error instanceof PermissionDenied) {
    return {
      code: status.PERMISSION_DENIED,
      message: error.message,
      reason: 'PERMISSION_DENIED',
      metadata: reasonsOf(error),
    };
  }
  if (error instanceof Overloaded) {
    const retryMs = overloadRetryMs();
    return {
      code: status.UNAVAILABLE,
      message: error.message,
      reason: 'OVERLOADED',
      retryMs,
      pushbackMs: retryMs,
    };
  }
  const internal = { code: status.INTERNAL, message: 'internal error', reason: 'INTERNAL' };
  return plainStatus(error) ?? internal;
}

/** The status as a trailer whose details every gRPC client library can read. */
export function detailsTrailer(answered: ErrorStatus): Metadata {
  const { code, message, pushbackMs } = answered;
  const trailer = new Metadata();
  if (pushbackMs !== undefined) trailer.set('grpc-retry-pushback-ms', String(pushbackMs));
  const details = detailsOf(answered);
  const encoded = Status.encode(Status.fromPartial({ code, message, details })).finish();
  trailer.set('grpc-status-details-bin', Buffer.from(encoded));
  return trailer;
}

/** Each field that the caller may not use in this way, with the reason. */
function reasonsOf({ faults }: PermissionDenied): Record<string, string> {
  return Object.fromEntries(faults.map(({ field, description }) => [field, description]));
}

function detailsOf({ reason, metadata = {}, retryMs, faults }: ErrorStatus): Any[] {
  return [
    ...(faults === undefined ? [] : [badRequest(faults)]),
    ...(retryMs === undefined ? [] : [retryInfo(retryMs)]),
    errorInfo(reason, metadata),
  ];
}

function badRequest(faults: readonly FieldFault[]): Any {
  return pack(
    'BadRequest',
    BadRequest.encode(BadRequest.fromPartial({ fieldViolations: [...faults] })).finish(),
  );
}

function errorInfo(reason: string, metadata: Readonly<Record<string, string>>): Any {
  return pack(
    'ErrorInfo',
    ErrorInfo.encode(ErrorInfo.fromPartial({ reason, domain: DOMAIN, metadata })).finish(),
  );
}

function retryInfo(retryMs: number): Any {
  const retryDelay = durationOfMs(retryMs);
  return pack('RetryInfo', RetryInfo.encode(RetryInfo.fromPartial({ retryDelay })).finish());
}

function pack(type: string, value: Uint8Array): Any {
  return Any.fromPartial({ typeUrl: `type.googleapis.com/google.rpc.${type}`, value });
}
