import type {
  ClearOverrideRequest,
  EraseSubjectRequest,
  GetErasureRequest,
  GetQuotaRequest,
  ListAuditRequest,
  ListBlockedRequest,
  ListOverridesRequest,
  RaiseLimitRequest,
  ResetQuotaRequest,
  SetOverrideRequest,
  WatchDecisionsRequest,
} from '../../../gen/quota/v1/quota_admin_service';
import { Decision } from '../../../gen/quota/v1/quota_service';
import type { QuotaTarget } from '../../quota/administration';
import type { AuditQuery } from '../../quota/auditing';
import type { DecisionFilter } from '../../quota/decision_feed';
import { MAX_LIMIT } from '../../quota/limits';
import type { NewOverride, OverrideQuery, OverrideTarget } from '../../quota/overrides';
import type { NewRaise } from '../../quota/raises';
import {
  checkName,
  checkSubject,
  checkWindow,
  createFaults,
  type Faults,
  MAX_TIME_MS,
} from '../quota/validate';
import { verdictNamed } from '../quota/verdicts';
import { durationMs, isValidDuration } from '../time';

const DEFAULT_PAGE_SIZE = 100;
const MAX_PAGE_SIZE = 1000;
const DEFAULT_BLOCKED_COUNT = 50;
const MAX_BLOCKED_COUNT = 100;

/** Whose quota is asked for, and of which window the subject's own numbers; undefined means none. */
type QuotaQuery = { target: QuotaTarget; usageWindowMs: number | undefined };

/** Checks a GetQuota request. Throws `InvalidRequest` with every fault. */
export function parseGetQuota(request: GetQuotaRequest, windowsMs: readonly number[]): QuotaQuery {
  const { usageWindow } = request;
  const faults = createFaults();
  const target = checkQuotaTarget(faults, request);
  const usageWindowMs = usageWindow && isValidDuration(usageWindow) ? durationMs(usageWindow) : undefined;
  if (usageWindow !== undefined) checkWindow(faults, 'usage_window', { windowMs: usageWindowMs, windowsMs });
  faults.throwIfAny();
  return { target, usageWindowMs };
}

/** Checks whose quota a ResetQuota request means. Throws `InvalidRequest` with every fault. */
export function parseResetQuota(request: ResetQuotaRequest): QuotaTarget {
  const faults = createFaults();
  const target = checkQuotaTarget(faults, request);
  faults.throwIfAny();
  return target;
}

function checkQuotaTarget(faults: Faults, { subject, policy }: ResetQuotaRequest): QuotaTarget {
  checkSubject(faults, subject);
  if (policy !== '') checkName(faults, 'policy', policy);
  return { subject, policy: policy || undefined };
}

/** Checks a ListBlocked request. Throws `InvalidRequest` with every fault. */
export function parseListBlocked({ policy, maxCount }: ListBlockedRequest) {
  const faults = createFaults();
  if (policy !== '') checkName(faults, 'policy', policy);
  faults.require(
    maxCount >= 0 && maxCount <= MAX_BLOCKED_COUNT,
    'max_count',
    `must be 0 to ${MAX_BLOCKED_COUNT}; it is ${maxCount}`,
  );
  faults.throwIfAny();
  return { policy: policy || undefined, maxCount: maxCount || DEFAULT_BLOCKED_COUNT };
}

/** Checks a RaiseLimit request, but for its policy's bound. Throws `InvalidRequest` with every fault. */
export function parseRaiseLimit(request: RaiseLimitRequest, setBy: string): NewRaise {
  const faults = createFaults();
  checkTarget(faults, request);
  const { subject, policy, limitName, limit, duration } = request;
  faults.require(limit >= 1 && limit <= MAX_LIMIT, 'limit', `must be 1 to ${MAX_LIMIT}; it is ${limit}`);
  faults.require(duration !== undefined, 'duration', 'is required');
  faults.require(
    duration === undefined || isValidDuration(duration),
    'duration',
    'must have nanos of 999999999 at most in size, with the sign of its seconds',
  );
  faults.throwIfAny();
  return { subject, policy, limitName, limit, durationMs: duration ? durationMs(duration) : 0, setBy };
}

/** Checks a SetOverride request. Throws `InvalidRequest` with every fault. */
export function parseSetOverride(request: SetOverrideRequest, setBy: string): NewOverride {
  const faults = createFaults();
  checkTarget(faults, request);
  const { limit = Number.NaN, expireTime } = request;
  faults.require(limit >= 0 && limit <= MAX_LIMIT, 'limit', describeLimitFault(request.limit));
  const expireTimeMs = expireTime?.getTime();
  faults.require(
    expireTimeMs === undefined || (expireTimeMs >= 0 && expireTimeMs <= MAX_TIME_MS),
    'expire_time',
    'must be a moment between the years 1970 and 9999',
  );
  faults.throwIfAny();
  const { subject, policy, limitName } = request;
  return { subject, policy, limitName, limit, expireTimeMs, setBy };
}

function describeLimitFault(limit: number | undefined): string {
  return limit === undefined ? 'is required' : `must be 0 to ${MAX_LIMIT}; it is ${limit}`;
}

/** Checks a ClearOverride request. Throws `InvalidRequest` with every fault. */
export function parseClearOverride(request: ClearOverrideRequest): OverrideTarget {
  const faults = createFaults();
  checkTarget(faults, request);
  faults.throwIfAny();
  const { subject, policy, limitName } = request;
  return { subject, policy, limitName };
}

/** Checks a ListOverrides request. Throws `InvalidRequest` with every fault. */
export function parseListOverrides({ subject, pageSize, pageToken }: ListOverridesRequest): OverrideQuery {
  const faults = createFaults();
  if (subject !== '') checkSubject(faults, subject);
  checkPageSize(faults, pageSize);
  faults.throwIfAny();
  return {
    subject: subject || undefined,
    pageSize: pageSize || DEFAULT_PAGE_SIZE,
    pageToken: pageToken || undefined,
  };
}

/** Checks an EraseSubject request. Throws `InvalidRequest` with every fault. */
export function parseEraseSubject({ subject }: EraseSubjectRequest): { subject: string } {
  const faults = createFaults();
  checkSubject(faults, subject);
  faults.throwIfAny();
  return { subject };
}

/** Checks a GetErasure request, and returns the id. Throws `InvalidRequest`. */
export function parseGetErasure({ erasureId }: GetErasureRequest): string {
  const faults = createFaults();
  checkName(faults, 'erasure_id', erasureId);
  faults.throwIfAny();
  return erasureId;
}

/** Checks a ListAudit request. Throws `InvalidRequest`. */
export function parseListAudit({ pageSize, pageToken }: ListAuditRequest): AuditQuery {
  const faults = createFaults();
  checkPageSize(faults, pageSize);
  faults.throwIfAny();
  return { pageSize: pageSize || DEFAULT_PAGE_SIZE, pageToken: pageToken || undefined };
}

function checkPageSize(faults: Faults, pageSize: number): void {
  faults.require(
    pageSize >= 0 && pageSize <= MAX_PAGE_SIZE,
    'page_size',
    `must be 0 to ${MAX_PAGE_SIZE}; it is ${pageSize}`,
  );
}

/** Checks a WatchDecisions request. Throws `InvalidRequest` with every fault. */
export function parseWatchDecisions({ subject, policy, decision }: WatchDecisionsRequest): DecisionFilter {
  const faults = createFaults();
  if (subject !== '') checkSubject(faults, subject);
  if (policy !== '') checkName(faults, 'policy', policy);
  const verdict = verdictNamed(decision);
  faults.require(
    verdict !== undefined || decision === Decision.UNSPECIFIED,
    'decision',
    'must be DECISION_ADMITTED, DECISION_DENIED or DECISION_REFUNDED, or unset for all',
  );
  faults.throwIfAny();
  return {
    subject: subject || undefined,
    policy: policy || undefined,
    verdict,
  };
}

function checkTarget(faults: Faults, { subject, policy, limitName }: ClearOverrideRequest): void {
  checkSubject(faults, subject);
  checkName(faults, 'policy', policy);
  checkName(faults, 'limit_name', limitName);
}
