import {
  type AdmitResponse,
  type BatchAdmitResult,
  type LimitStatus as LimitMessage,
  type StatsResponse,
  Decision as Verdict,
} from '../../gen/quota/v1/quota_service';
import type { Decision, LimitStatus } from '../quota/admission';
import type { Usage } from '../quota/usage';
import { statusOf } from './status';
import { durationOfUs } from './time';

export function toAdmitResponse({ admitted, limits, retryDelayUs }: Decision): AdmitResponse {
  return {
    decision: toVerdict(admitted),
    limits: limits.map(toLimitMessage),
    retryDelay: retryDelayUs === undefined ? undefined : durationOfUs(retryDelayUs),
    degraded: false,
  };
}

export function toVerdict(admitted: boolean): Verdict {
  return admitted ? Verdict.ADMITTED : Verdict.DENIED;
}

export function toLimitMessage({
  windowUs,
  resetDelayUs,
  nextDelayUs,
  ...status
}: LimitStatus): LimitMessage {
  return {
    ...status,
    window: durationOfUs(windowUs),
    resetDelay: durationOfUs(resetDelayUs),
    nextDelay: durationOfUs(nextDelayUs),
  };
}

export function toBatchResult(decision: Decision): BatchAdmitResult {
  return { result: { $case: 'response', value: toAdmitResponse(decision) } };
}

export function toBatchError(error: unknown): BatchAdmitResult {
  const { code, message } = statusOf(error);
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
