import type {
  AuditEntry as AuditEntryMessage,
  Erasure as ErasureMessage,
  ListPoliciesResponse,
  Override as OverrideMessage,
  PolicyQuota as PolicyQuotaMessage,
  WatchDecisionsResponse,
} from '../../../gen/quota/v1/quota_admin_service';
import type { PolicyQuota } from '../../quota/administration';
import type { AuditedChange } from '../../quota/auditing';
import type { WatchedEvent } from '../../quota/decision_feed';
import type { Erasure } from '../../quota/erasing';
import type { Override } from '../../quota/overrides';
import type { Policies, Policy } from '../../quota/policies';
import { toLimitMessage, toVerdict } from '../quota/reply';
import { durationOfUs } from '../time';

export function toPolicyQuota({ policy, limits }: PolicyQuota): PolicyQuotaMessage {
  return { policy, limits: limits.map(toLimitMessage) };
}

export function toOverride({ expireTimeMs, setTimeMs, ...override }: Override): OverrideMessage {
  const expireTime = expireTimeMs === undefined ? undefined : new Date(expireTimeMs);
  return { ...override, expireTime, setTime: new Date(setTimeMs) };
}

export function toListPoliciesResponse({ byName, services }: Policies): ListPoliciesResponse {
  return { policies: [...byName.values()].map(toPolicy), services: [...services] };
}

export function toWatchDecisionsResponse(event: WatchedEvent): WatchDecisionsResponse {
  const { admission, decision, missedCount } = event;
  const { subject, policy, cost } = admission;
  return {
    decideTime: new Date(decision.decidedUs / 1000),
    subject,
    policy,
    cost,
    decision: toVerdict(decision.admitted),
    limits: decision.limits.map(toLimitMessage),
    missedCount,
    isRepeat: decision.isRepeat,
    degraded: decision.degraded ?? false,
  };
}

export function toErasure({ id, startTimeMs, endTimeMs, ...erasure }: Erasure): ErasureMessage {
  return {
    ...erasure,
    erasureId: id,
    startTime: new Date(startTimeMs),
    endTime: endTimeMs === undefined ? undefined : new Date(endTimeMs),
  };
}

export function toAuditEntry({ timeMs, fields, ...change }: AuditedChange): AuditEntryMessage {
  return { ...change, time: new Date(timeMs), fields: { ...fields } };
}

function toPolicy({
  name,
  limits,
  recordsConnections,
  onStoreFailure,
  rememberMs,
  isDurable = false,
}: Policy) {
  return {
    name,
    limits: limits.map(({ windowMs, shadow = false, ...limit }) => ({
      ...limit,
      window: durationOfUs(windowMs * 1000),
      shadow,
    })),
    recordsConnections,
    onStoreFailure,
    remember: durationOfUs(rememberMs * 1000),
    durable: isDurable,
  };
}
