import type {
  AdmitRequest,
  BatchAdmitRequest,
  RecordCallRequest,
  RefundRequest as RefundMessage,
  StatsRequest,
} from '../../../gen/quota/v1/quota_service';
import type { Admission } from '../../quota/admission';
import { formatDuration } from '../../quota/duration';
import { type FieldFault, InvalidRequest } from '../../quota/errors';
import type { RefundRequest } from '../../quota/refund';
import {
  DEFAULT_TOP_WINDOW_MS,
  MAX_HOUR_COUNT,
  MAX_LIST_COUNT,
  type ServiceCall,
  type UsageQuery,
} from '../../quota/usage';
import { durationMs, isValidDuration } from '../time';

const MAX_SUBJECT_CHARACTERS = 128;
const MAX_NAME_CHARACTERS = 63;
const MAX_BATCH_SIZE = 1000;

/** The contract's timestamps end here. */
export const MAX_TIME_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

const DEFAULT_RECENT_COUNT = 10;
const DEFAULT_TOP_COUNT = 3;
const DEFAULT_LEAST_COUNT = 10;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** RFC 9562 reserves both. A client that never fills in its ids sends one every time, and every call would be a repeat. */
const RESERVED_UUIDS = new Set([
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
]);

/** Collects the faults of one request, so that its caller gets all of them at once. */
export function createFaults() {
  const faults: FieldFault[] = [];
  return {
    require(isRight: boolean, field: string, description: string): void {
      if (!isRight) faults.push({ field, description });
    },
    throwIfAny(): void {
      if (faults.length > 0) throw new InvalidRequest(faults);
    },
  };
}

export type Faults = ReturnType<typeof createFaults>;

/** Checks an Admit request. Throws `InvalidRequest` with every fault. */
export function parseAdmit(request: AdmitRequest): Admission {
  const { subject, policy, cost = 1 } = request;
  if (isPlainAdmit(request)) return { subject, policy, cost, requestId: request.requestId || undefined };
  const faults = createFaults();
  checkSubject(faults, subject);
  checkName(faults, 'policy', policy);
  faults.require(cost >= 1, 'cost', `must be 1 or more; it is ${cost}`);
  const requestId = parseRequestId(faults, request.requestId);
  faults.throwIfAny();
  return { subject, policy, cost, requestId };
}

/** Printable ASCII, no longer than a subject or a name may be. */
const PLAIN_SUBJECT = /^[\x20-\x7e]{1,128}$/;
const PLAIN_NAME = /^[\x20-\x7e]{1,63}$/;

/** Whether a request is valid at first sight, as nearly all are: the others are checked fully. */
function isPlainAdmit({ subject, policy, cost = 1, requestId }: AdmitRequest): boolean {
  return (
    PLAIN_SUBJECT.test(subject) &&
    PLAIN_NAME.test(policy) &&
    cost >= 1 &&
    (requestId === '' || (UUID.test(requestId) && !RESERVED_UUIDS.has(requestId)))
  );
}

/** Checks a batch as a whole; each request in it is checked by itself, so that one does not spoil the others. */
export function parseBatch({ requests }: BatchAdmitRequest): AdmitRequest[] {
  const faults = createFaults();
  const size = requests.length;
  faults.require(
    size >= 1 && size <= MAX_BATCH_SIZE,
    'requests',
    `must hold 1 to ${MAX_BATCH_SIZE}; it holds ${size}`,
  );
  faults.throwIfAny();
  return requests;
}

/** Checks a Refund request. Throws `InvalidRequest` with every fault. */
export function parseRefund({ subject, policy, requestId: given }: RefundMessage): RefundRequest {
  const faults = createFaults();
  checkSubject(faults, subject);
  checkName(faults, 'policy', policy);
  faults.require(given !== '', 'request_id', 'is required');
  const requestId = parseRequestId(faults, given) ?? '';
  faults.throwIfAny();
  return { subject, policy, requestId };
}

/** Checks a RecordCall request. Throws `InvalidRequest` with every fault. */
export function parseRecordCall(request: RecordCallRequest): ServiceCall {
  const faults = createFaults();
  const { subject, service, callTime } = request;
  checkSubject(faults, subject);
  checkName(faults, 'service', service);
  const requestId = parseRequestId(faults, request.requestId);
  const callTimeMs = callTime?.getTime();
  faults.require(
    callTimeMs === undefined || (callTimeMs >= 0 && callTimeMs <= MAX_TIME_MS),
    'call_time',
    'must be a moment between the years 1970 and 9999',
  );
  faults.throwIfAny();
  return {
    subject,
    service,
    requestId,
    callTimeMs: callTimeMs === undefined ? undefined : Math.floor(callTimeMs),
  };
}

/**
 * Checks a Stats request, and fills in what is unset, but the subject: unset, it means nobody. Only declared windows can
 * be asked for. Throws `InvalidRequest` with every fault.
 */
export function parseStats(request: StatsRequest, windowsMs: readonly number[]): UsageQuery {
  const faults = createFaults();
  const { recentCount = DEFAULT_RECENT_COUNT, topCount = DEFAULT_TOP_COUNT } = request;
  const { leastCount = DEFAULT_LEAST_COUNT, hourCount = 0 } = request;
  checkCount(faults, 'recent_count', { count: recentCount, max: MAX_LIST_COUNT });
  checkCount(faults, 'top_count', { count: topCount, max: MAX_LIST_COUNT });
  checkCount(faults, 'least_count', { count: leastCount, max: MAX_LIST_COUNT });
  checkCount(faults, 'hour_count', { count: hourCount, max: MAX_HOUR_COUNT });
  const topWindowMs = request.topWindow === undefined ? DEFAULT_TOP_WINDOW_MS : durationMs(request.topWindow);
  const isValid = request.topWindow === undefined || isValidDuration(request.topWindow);
  checkWindow(faults, 'top_window', { windowMs: isValid ? topWindowMs : undefined, windowsMs });
  const subject = request.subject === '' ? undefined : request.subject;
  if (subject !== undefined) checkSubject(faults, subject);
  faults.throwIfAny();
  return { recentCount, topCount, topWindowMs, leastCount, hourCount, subject };
}

/** A window of the statistics; undefined if it is no duration. */
export function checkWindow(
  faults: Faults,
  field: string,
  { windowMs, windowsMs }: { windowMs: number | undefined; windowsMs: readonly number[] },
): void {
  faults.require(
    windowMs !== undefined,
    field,
    'must have nanos of 999999999 at most in size, with the sign of its seconds',
  );
  faults.require(
    windowMs === undefined || windowsMs.includes(windowMs),
    field,
    `must be one of the windows that are counted: ${windowsMs.map(formatDuration).join(', ')}`,
  );
}

export function checkSubject(faults: Faults, subject: string): void {
  const characters = [...subject].length;
  faults.require(
    characters >= 1 && characters <= MAX_SUBJECT_CHARACTERS,
    'subject',
    `must be 1 to ${MAX_SUBJECT_CHARACTERS} characters; it has ${characters}`,
  );
  // Invalid UTF-8 arrives with this character in place of the invalid bytes.
  faults.require(!subject.includes('\uFFFD'), 'subject', 'must be valid UTF-8');
  faults.require(!/\p{Cc}/u.test(subject), 'subject', 'must hold no control characters');
}

export function checkName(faults: Faults, field: string, value: string): void {
  faults.require(
    value.length >= 1 && value.length <= MAX_NAME_CHARACTERS,
    field,
    value === ''
      ? 'is required'
      : `must be ${MAX_NAME_CHARACTERS} characters at most; it has ${value.length}`,
  );
}

function parseRequestId(faults: Faults, requestId: string): string | undefined {
  if (requestId === '') return undefined;
  const lowerCase = requestId.toLowerCase();
  faults.require(
    UUID.test(lowerCase),
    'request_id',
    'must be a UUID, such as 123e4567-e89b-42d3-a456-426614174000',
  );
  faults.require(
    !RESERVED_UUIDS.has(lowerCase),
    'request_id',
    'must be new for each request; it is the nil or the max UUID, which stand for no id',
  );
  return lowerCase;
}

function checkCount(faults: Faults, field: string, { count, max }: { count: number; max: number }): void {
  faults.require(count >= 0 && count <= max, field, `must be 0 to ${max}; it is ${count}`);
}
