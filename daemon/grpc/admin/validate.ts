import type {
  ClearOverrideRequest,
  EraseSubjectRequest,
  GetErasureRequest,
  GetQuotaRequest,
  ListAuditRequest,
  ListOverridesRequest,
  SetOverrideRequest,
  WatchDecisionsRequest,
} from '../../../gen/quota/v1/quota_admin_service';
import { Decision as Verdict } from '../../../gen/quota/v1/quota_service';
import type { QuotaTarget } from '../../quota/administration';
import type { AuditQuery } from '../../quota/auditing';
import type { DecisionFilter } from '../../quota/decision_feed';
import { MAX_LIMIT } from '../../quota/limits';
import type { NewOverride, OverrideQuery, OverrideTarget } from '../../quota/overrides';
import { checkName, checkSubject, createFaults, type Faults, MAX_TIME_MS } from '../quota/validate';

const DEFAULT_PAGE_SIZE = 100;
const MAX_PAGE_SIZE = 1000;

/** Checks whose quota is meant, for GetQuota and ResetQuota. Throws `InvalidRequest` with every fault. */
export function parseQuotaTarget({ subject, policy }: GetQuotaRequest): QuotaTarget {
  const faults = createFaults();
  checkSubject(faults, subject);
  if (policy !== '') checkName(faults, 'policy', policy);
  faults.throwIfAny();
  return { subject, policy: policy || undefined };
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
  const isKnown = [Verdict.UNSPECIFIED, Verdict.ADMITTED, Verdict.DENIED].includes(decision);
  faults.require(isKnown, 'decision', 'must be DECISION_ADMITTED or DECISION_DENIED, or unset for both');
  faults.throwIfAny();
  return {
    subject: subject || undefined,
    policy: policy || undefined,
    admitted: decision === Verdict.UNSPECIFIED ? undefined : decision === Verdict.ADMITTED,
  };
}

function checkTarget(faults: Faults, { subject, policy, limitName }: ClearOverrideRequest): void {
  checkSubject(faults, subject);
  checkName(faults, 'policy', policy);
  checkName(faults, 'limit_name', limitName);
}
