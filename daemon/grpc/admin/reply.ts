import type {
  AuditEntry as AuditEntryMessage,
  DaemonProcess,
  EnvoyDomain,
  Erasure as ErasureMessage,
  GetQuotaResponse,
  ListBlockedResponse,
  ListPoliciesResponse,
  Override as OverrideMessage,
  PolicyQuota as PolicyQuotaMessage,
  Raise,
  WatchDecisionsResponse,
} from '../../../gen/quota/v1/quota_admin_service';
import type { PolicyQuota } from '../../quota/administration';
import type { AuditedChange } from '../../quota/auditing';
import type { BlockedList } from '../../quota/blocked';
import { verdictOf, type WatchedEvent } from '../../quota/decision_feed';
import type { Domains } from '../../quota/descriptors/domain';
import type { Erasure } from '../../quota/erasing';
import type { FleetMember } from '../../quota/fleet';
import type { Override } from '../../quota/overrides';
import type { Policies, Policy } from '../../quota/policies';
import { digestOf } from '../../quota/policies_digest';
import type { RaiseBound } from '../../quota/raises';
import type { Usage } from '../../quota/usage';
import { toLimitMessage } from '../quota/reply';
import { VERDICTS } from '../quota/verdicts';
import { durationOfMs } from '../time';

export function toGetQuotaResponse(
  quotas: readonly PolicyQuota[],
  usage: Usage | undefined,
): GetQuotaResponse {
  return { quotas: quotas.map(toPolicyQuota), usage: usage?.subjectUsage };
}

function toPolicyQuota({ policy, limits, raises }: PolicyQuota): PolicyQuotaMessage {
  return { policy, limits: limits.map(toLimitMessage), raises: toRaises(raises) };
}

export function toListBlockedResponse({ blocked, isPartial }: BlockedList): ListBlockedResponse {
  return {
    blocked: blocked.map(({ subject, policy, limits, denyTimeMs }) => ({
      subject,
      policy,
      limits: limits.map(toLimitMessage),
      denyTime: new Date(denyTimeMs),
    })),
    isPartial,
  };
}

function toRaises(raises: ReadonlyMap<string, RaiseBound>): Record<string, Raise> {
  const messages = [...raises].map(
    ([name, { limit, durationMs }]) => [name, { limit, duration: durationOfMs(durationMs) }] as const,
  );
  return Object.fromEntries(messages);
}

export function toOverride({ expireTimeMs, setTimeMs, ...override }: Override): OverrideMessage {
  const expireTime = expireTimeMs === undefined ? undefined : new Date(expireTimeMs);
  return { ...override, expireTime, setTime: new Date(setTimeMs) };
}

export function toListPoliciesResponse(policies: Policies): ListPoliciesResponse {
  const { byName, services, domains = new Map() } = policies;
  return {
    policies: [...byName.values()].map(toPolicy),
    services: [...services],
    digest: digestOf(policies),
    envoyDomains: toEnvoyDomains(domains),
  };
}

function toEnvoyDomains(domains: Domains): EnvoyDomain[] {
  return [...domains].map(([name, { isExactlyOnce, rules }]) => ({
    name,
    exactlyOnce: isExactlyOnce,
    descriptors: rules.map(({ entries, policy, subject, maxOverride = 0 }) => ({
      entries: entries.map(({ key, value = '' }) => ({ key, value })),
      policy,
      subject: subject.text,
      maxOverride,
    })),
  }));
}

export function toWatchDecisionsResponse(event: WatchedEvent): WatchDecisionsResponse {
  const { admission, decision, missedCount } = event;
  const { subject, policy, cost } = admission;
  return {
    decideTime: new Date(decision.decidedUs / 1000),
    subject,
    policy,
    cost,
    decision: VERDICTS[verdictOf(event)],
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

export function toDaemonProcess({ startTimeMs, ...member }: FleetMember): DaemonProcess {
  return { ...member, startTime: new Date(startTimeMs) };
}

function toPolicy({
  name,
  limits,
  recordsConnections,
  onStoreFailure,
  rememberMs,
  isDurable = false,
  waitReplicas = 0,
  raises = new Map(),
}: Policy) {
  return {
    name,
    limits: limits.map(({ windowMs, shadow = false, ...limit }) => ({
      ...limit,
      window: durationOfMs(windowMs),
      shadow,
    })),
    recordsConnections,
    onStoreFailure,
    remember: durationOfMs(rememberMs),
    durable: isDurable,
    waitReplicas,
    raises: toRaises(raises),
  };
}
