import { Metadata, type ServerWritableStream } from '@grpc/grpc-js';
import type {
  QuotaAdminServiceServer,
  WatchDecisionsRequest,
  WatchDecisionsResponse,
} from '../../../gen/quota/v1/quota_admin_service';
import type { Administration } from '../../quota/administration';
import type { Auditing } from '../../quota/auditing';
import type { DecisionFeed, Watcher } from '../../quota/decision_feed';
import type { Erasing } from '../../quota/erasing';
import { StoreUnavailable, UnknownPolicy } from '../../quota/errors';
import type { Fleet } from '../../quota/fleet';
import type { Limiter } from '../../quota/limiter';
import type { UsageQuery } from '../../quota/usage';
import { callIdOf } from '../call_id';
import { callerOf, requirePermission } from '../guards/authenticate';
import type { RequestLog } from '../request_log';
import { failRequest, type RequestContext, readable, unary } from '../unary';
import {
  toAuditEntry,
  toDaemonProcess,
  toErasure,
  toGetQuotaResponse,
  toListBlockedResponse,
  toListPoliciesResponse,
  toOverride,
  toWatchDecisionsResponse,
} from './reply';
import {
  parseClearOverride,
  parseEraseSubject,
  parseGetErasure,
  parseGetQuota,
  parseListAudit,
  parseListBlocked,
  parseListOverrides,
  parseRaiseLimit,
  parseResetQuota,
  parseSetOverride,
  parseWatchDecisions,
} from './validate';

export interface AdminContext extends RequestContext {
  readonly limiter: Pick<Limiter, 'usage' | 'windowsMs'>;
  readonly administration: Administration;
  readonly erasing: Erasing;
  readonly auditing: Auditing;
  readonly fleet: Fleet;
  readonly feed: DecisionFeed;
}

/** A caller restricted to some subjects or policies may not use what concerns all of them. */
const EVERYTHING = { subject: null, policy: null };

/** A subject's own numbers, and nothing of others. */
function ownUsage(subject: string, topWindowMs: number): UsageQuery {
  return { subject, topWindowMs, recentCount: 0, topCount: 0, leastCount: 0, hourCount: 0 };
}

/** The numbers need every partition and the calls, the quotas one partition: what that one knows is returned alone. */
function undefinedIfUnavailable(error: unknown): undefined {
  if (!(error instanceof StoreUnavailable)) throw error;
}

/** The methods of QuotaAdminService. Every change is logged with who made it. */
export function createAdminHandlers(context: AdminContext): QuotaAdminServiceServer {
  const { limiter, administration, erasing, auditing, fleet, feed, log } = context;

  return {
    getQuota: unary(async (request, metadata, patience) => {
      const { target, usageWindowMs } = parseGetQuota(request, limiter.windowsMs());
      requirePermission(metadata, () => ({ ...target, policy: target.policy ?? null }));
      const [quotas, usage] = await Promise.all([
        administration.getQuota(target),
        usageWindowMs === undefined
          ? undefined
          : limiter
              .usage(ownUsage(target.subject, usageWindowMs), patience.signal())
              .catch(undefinedIfUnavailable),
      ]);
      return toGetQuotaResponse(quotas, usage);
    }, context),
    resetQuota: unary(async (request, metadata) => {
      const target = parseResetQuota(request);
      requirePermission(metadata, () => ({ ...target, policy: target.policy ?? null }));
      const resetCount = await administration.resetQuota(target);
      log.changed(identityOf(metadata), {
        change: 'quota reset',
        callId: callIdOf(metadata),
        ...target,
        resetCount,
      });
      return { resetCount };
    }, context),
    listBlocked: unary(async (request, metadata) => {
      const query = parseListBlocked(request);
      requirePermission(metadata, () => ({ ...EVERYTHING, policy: query.policy ?? null }));
      return toListBlockedResponse(await administration.listBlocked(query));
    }, context),
    raiseLimit: unary(async (request, metadata) => {
      const wanted = parseRaiseLimit(request, identityOf(metadata));
      requirePermission(metadata, () => wanted);
      const override = await administration.raiseLimit(wanted);
      log.changed(identityOf(metadata), { change: 'limit raised', callId: callIdOf(metadata), ...override });
      return { override: toOverride(override) };
    }, context),
    setOverride: unary(async (request, metadata) => {
      const wanted = parseSetOverride(request, identityOf(metadata));
      requirePermission(metadata, () => wanted);
      const override = await administration.setOverride(wanted);
      log.changed(identityOf(metadata), { change: 'override set', callId: callIdOf(metadata), ...override });
      return { override: toOverride(override) };
    }, context),
    clearOverride: unary(async (request, metadata) => {
      const target = parseClearOverride(request);
      requirePermission(metadata, () => target);
      const cleared = await administration.clearOverride(target);
      log.changed(identityOf(metadata), {
        change: 'override cleared',
        callId: callIdOf(metadata),
        ...target,
        cleared,
      });
      return { cleared };
    }, context),
    listOverrides: unary(async (request, metadata) => {
      const query = parseListOverrides(request);
      requirePermission(metadata, () => ({ ...EVERYTHING, subject: query.subject ?? null }));
      const { overrides, nextPageToken = '' } = await administration.listOverrides(query);
      return { overrides: overrides.map(toOverride), nextPageToken };
    }, context),
    listPolicies: unary(async () => toListPoliciesResponse(administration.listPolicies()), context),
    eraseSubject: unary(async (request, metadata) => {
      const { subject } = parseEraseSubject(request);
      requirePermission(metadata, () => ({ ...EVERYTHING, subject }));
      // Or a site could lift what an operator has lowered.
      if (callerOf(metadata)?.role === 'site') await administration.requireNoneLowered(subject);
      const erasure = await erasing.eraseSubject(subject);
      const { id: erasureId } = erasure;
      log.changed(identityOf(metadata), {
        change: 'erasure begun',
        callId: callIdOf(metadata),
        subject,
        erasureId,
      });
      return { erasure: toErasure(erasure) };
    }, context),
    getErasure: unary(async (request, metadata) => {
      const id = parseGetErasure(request);
      requirePermission(metadata, () => EVERYTHING);
      return { erasure: toErasure(await erasing.getErasure(id)) };
    }, context),
    listAudit: unary(async (request, metadata) => {
      const query = parseListAudit(request);
      requirePermission(metadata, () => EVERYTHING);
      const { entries, nextPageToken = '' } = await auditing.list(query);
      return { entries: entries.map(toAuditEntry), nextPageToken };
    }, context),
    listDaemons: unary(async (_request, metadata) => {
      requirePermission(metadata, () => EVERYTHING);
      return { daemons: (await fleet.list()).map(toDaemonProcess) };
    }, context),
    watchDecisions: (call) =>
      watchDecisions(call, {
        watch(request) {
          const filter = parseWatchDecisions(request);
          const { subject, policy } = filter;
          requirePermission(call.metadata, () => ({ subject: subject ?? null, policy: policy ?? null }));
          if (policy !== undefined && !administration.listPolicies().byName.has(policy))
            throw new UnknownPolicy(policy);
          return feed.watch(filter);
        },
        log,
      }),
  };
}

/** The caller, as authenticated. */
function identityOf(metadata: Metadata): string {
  return String(metadata.get('quota-identity')[0] ?? 'anonymous');
}

/** Streams as fast as the watcher reads; other events wait in its buffer in the feed, or are missed. */
function watchDecisions(
  call: ServerWritableStream<WatchDecisionsRequest, WatchDecisionsResponse>,
  { watch, log }: { watch: (request: WatchDecisionsRequest) => Watcher; log: RequestLog },
): void {
  try {
    const watcher = watch(readable(call.request));
    let isFull = false;
    const send = () => {
      while (!isFull) {
        const event = watcher.take();
        if (event === undefined) return;
        isFull = !call.write(toWatchDecisionsResponse(event));
      }
    };
    watcher.onEvent(send);
    call.on('drain', () => {
      isFull = false;
      send();
    });
    for (const end of ['cancelled', 'close', 'error'] as const) call.on(end, () => watcher.close());
    // At once, so that the watcher knows from which moment it sees everything.
    call.sendMetadata(new Metadata());
  } catch (error) {
    call.emit('error', failRequest(error, { method: call.getPath(), callId: callIdOf(call.metadata), log }));
  }
}
