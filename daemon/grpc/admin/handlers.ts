import { Metadata, type ServerWritableStream } from '@grpc/grpc-js';
import type {
  QuotaAdminServiceServer,
  WatchDecisionsRequest,
  WatchDecisionsResponse,
} from '../../../gen/quota/v1/quota_admin_service';
import type { Administration } from '../../quota/administration';
import type { DecisionFeed, Watcher } from '../../quota/decision_feed';
import { UnknownPolicy } from '../../quota/errors';
import { callIdOf } from '../call_id';
import type { RequestLog } from '../request_log';
import { failRequest, type RequestContext, readable, unary } from '../unary';
import { toListPoliciesResponse, toOverride, toPolicyQuota, toWatchDecisionsResponse } from './reply';
import {
  parseClearOverride,
  parseListOverrides,
  parseQuotaTarget,
  parseSetOverride,
  parseWatchDecisions,
} from './validate';

/** The methods of QuotaAdminService. Every change is logged with who made it. */
export function createAdminHandlers(
  context: RequestContext & { administration: Administration; feed: DecisionFeed },
): QuotaAdminServiceServer {
  const { administration, feed, log } = context;

  return {
    getQuota: unary(
      async (request) => ({
        quotas: (await administration.getQuota(parseQuotaTarget(request))).map(toPolicyQuota),
      }),
      context,
    ),
    resetQuota: unary(async (request, metadata) => {
      const target = parseQuotaTarget(request);
      const resetCount = await administration.resetQuota(target);
      log.changed(identityOf(metadata), {
        change: 'quota reset',
        callId: callIdOf(metadata),
        ...target,
        resetCount,
      });
      return { resetCount };
    }, context),
    setOverride: unary(async (request, metadata) => {
      const override = await administration.setOverride(parseSetOverride(request, identityOf(metadata)));
      log.changed(identityOf(metadata), { change: 'override set', callId: callIdOf(metadata), ...override });
      return { override: toOverride(override) };
    }, context),
    clearOverride: unary(async (request, metadata) => {
      const target = parseClearOverride(request);
      const cleared = await administration.clearOverride(target);
      log.changed(identityOf(metadata), {
        change: 'override cleared',
        callId: callIdOf(metadata),
        ...target,
        cleared,
      });
      return { cleared };
    }, context),
    listOverrides: unary(async (request) => {
      const { overrides, nextPageToken = '' } = await administration.listOverrides(
        parseListOverrides(request),
      );
      return { overrides: overrides.map(toOverride), nextPageToken };
    }, context),
    listPolicies: unary(async () => toListPoliciesResponse(administration.listPolicies()), context),
    watchDecisions: (call) =>
      watchDecisions(call, {
        watch(request) {
          const filter = parseWatchDecisions(request);
          const { policy } = filter;
          if (policy !== undefined && !administration.listPolicies().byName.has(policy))
            throw new UnknownPolicy(policy);
          return feed.watch(filter);
        },
        log,
      }),
  };
}

/** Who calls, as the access control has found out. */
function identityOf(metadata: Metadata): string {
  return String(metadata.get('quota-identity')[0] ?? 'anonymous');
}

/** Streams as fast as the watcher reads; what comes meanwhile waits in its place in the feed, or is missed. */
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
    // At once, so that the watcher knows from when on it sees everything.
    call.sendMetadata(new Metadata());
  } catch (error) {
    call.emit('error', failRequest(error, { method: call.getPath(), callId: callIdOf(call.metadata), log }));
  }
}
