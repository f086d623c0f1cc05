import {
  type BatchAdmitResult,
  type Decision,
  type LimitStatus as LimitMessage,
  QuotaServiceService,
  type RefundResponse,
  type StatsResponse,
} from '../../../gen/quota/v1/quota_service';
import type { LimitStatus } from '../../quota/admission';
import type { Refund } from '../../quota/refund';
import type { Usage } from '../../quota/usage';
import { statusOf } from '../status';
import { durationOfMs, durationOfUs } from '../time';
import { VERDICTS } from './verdicts';

export function toVerdict(admitted: boolean): Decision {
  return admitted ? VERDICTS.admitted : VERDICTS.denied;
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

export function toBatchError(error: unknown): BatchAdmitResult {
  const { code, message, reason, retryMs } = statusOf(error, QuotaServiceService.batchAdmit.path);
  const retryDelay = retryMs === undefined ? undefined : durationOfMs(retryMs);
  return { result: { $case: 'error', value: { code, message, reason, retryDelay } } };
}

export function toRefundResponse({ isRefunded, limits, degraded = false }: Refund): RefundResponse {
  return { refunded: isRefunded, limits: limits.map(toLimitMessage), degraded };
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
