import {
  type AdmitResponse,
  type BatchAdmitResult,
  type LimitStatus as LimitMessage,
  QuotaServiceService,
  type StatsResponse,
  Decision as Verdict,
} from '../../../gen/quota/v1/quota_service';
import type { Decision, LimitStatus } from '../../quota/admission';
import type { Usage } from '../../quota/usage';
import { statusOf } from '../status';
import { durationOfUs } from '../time';

export function toAdmitResponse(decision: Decision): AdmitResponse {
  const { admitted, isRepeat, limits, retryDelayUs, degraded = false } = decision;
  return {
    decision: toVerdict(admitted),
    limits: limits.map(toLimitMessage),
    retryDelay: retryDelayUs === undefined ? undefined : durationOfUs(retryDelayUs),
    degraded,
    isRepeat,
  };
}

export function toVerdict(admitted: boolean): Verdict {
  return admitted ? Verdict.ADMITTED : Verdict.DENIED;
}

export function toLimitMessage(status: LimitStatus): LimitMessage {
  return {
    name: status.name,
    limit: status.limit,
    remaining: status.remaining,
    window: durationOfUs(status.windowUs),
    resetDelay: durationOfUs(status.resetDelayUs),
    shadow: status.shadow,
    shadowDenied: status.shadowDenied,
    overridden: status.overridden,
    nextDelay: durationOfUs(status.nextDelayUs),
  };
}

export function toBatchResult(decision: Decision): BatchAdmitResult {
  return { result: { $case: 'response', value: toAdmitResponse(decision) } };
}

export function toBatchError(error: unknown): BatchAdmitResult {
  const { code, message } = statusOf(error, QuotaServiceService.batchAdmit.path);
  return { result: { $case: 'error', value: { code, message } } };
}

export function toStatsResponse({
  recentUsers,
  topUsers,
  leastActiveUsers,
  services,
  readTimeMs,
  completeSinceMs,
  hours,
  subjectUsage,
}: Usage): StatsResponse {
  return {
    recentUsers: recentUsers.map(({ subject, connectTimeMs }) => ({
      subject,
      connectTime: new Date(connectTimeMs),
    })),
    topUsers: [...topUsers],
    leastActiveUsers: [...leastActiveUsers],
    services: [...services],
    readTime: new Date(readTimeMs),
    completeSince: new Date(completeSinceMs),
    hours: hours.map(({ startTimeMs, policies }) => ({
      startTime: new Date(startTimeMs),
      policies: [...policies],
    })),
    subjectUsage,
  };
}
