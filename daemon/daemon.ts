import cluster from 'node:cluster';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { stopTracing } from '../environment/tracing/start';
import { createConnectionLimits } from './access/connection_limits';
import type { StartedBackend } from './backend/backend';
import type { Config } from './config';
import { type DaemonOptions, type Foundation, openFoundation } from './foundation';
import { auditRequests } from './grpc/guards/audit';
import { observeRequests } from './grpc/guards/observe';
import { createShedding, type Shedding } from './grpc/guards/shedding';
import { type QuotaServer, type ServeOptions, serve } from './grpc/server';
import { createAdministration } from './quota/administration';
import { createDecisionFeed, publishRefundsTo, publishTo } from './quota/decision_feed';
import { afterCaches } from './quota/denial_cache';
import { erasingAfterCaches } from './quota/erasing';
import type { FleetMember } from './quota/fleet';
import { createLimiter } from './quota/limiter';
import { digestOf } from './quota/policies_digest';
import { createStoreRecord, NO_RECORD } from './recording/record_store';
import { storeFailureKind } from './redis/failures';
import { BUILD } from './telemetry/build';
import { instrumentStore } from './telemetry/instrument';
import type { Metrics } from './telemetry/metrics';
import { openStoredAudit } from './telemetry/stored_audit';
import { processChannel, shareFeed } from './workers/shared_feed';

/** A daemon that serves. */
export interface RunningDaemon {
  /** Accepts no new requests, and resolves once those in flight are done: false if some were cut. */
  drain(): Promise<boolean>;
  /** Ends what is left after the drain. */
  stop(): Promise<void>;
}

/** Everything that serving needs. */
interface Parts {
  readonly config: Config;
  readonly foundation: Foundation;
  readonly started: StartedBackend;
  readonly shedding: Shedding;
  readonly logger: Logger;
}

/** Starts the daemon in this process, and resolves once it serves. Throws as `openFoundation` does. */
export async function startDaemon(options: DaemonOptions): Promise<RunningDaemon> {
  const { config, output } = options;
  const { logger } = output;
  const foundation = await openFoundation(options);
  const { telemetry, policies, listener, recording } = foundation;
  const shedding = createDaemonShedding(config, telemetry.metrics);
  const started = await startBackend(foundation, createSelf({ config, foundation, shedding }));
  const parts = { config, foundation, started, shedding, logger };
  observeLoad(parts);
  const server = await startServing(parts);
  reportServing(parts, server);
  return {
    drain() {
      telemetry.draining();
      policies.stop();
      listener.close();
      return server.drain();
    },
    async stop() {
      await started.stop();
      recording?.close();
      await stopTracing();
      await telemetry.stop();
    },
  };
}

async function startBackend(foundation: Foundation, self: () => FleetMember): Promise<StartedBackend> {
  const { backend, telemetry, recording } = foundation;
  const { metrics } = telemetry;
  const started = await backend.start({
    events: metrics.load,
    opened: telemetry.storeOpened,
    instrument: (store) => instrumentStore(store, (error) => metrics.storeFailed(storeFailureKind(error))),
    record: recording ? createStoreRecord(recording) : NO_RECORD,
    self,
  });
  foundation.onPoliciesChanged(started.policiesChanged);
  return started;
}

/** What this process reports of itself to the other daemons. */
function createSelf({
  config,
  foundation,
  shedding,
}: Pick<Parts, 'config' | 'foundation' | 'shedding'>): () => FleetMember {
  const processId = randomUUID();
  // Workers share a port, and a parent.
  const daemonId = `${hostname()}/${cluster.isWorker ? process.ppid : process.pid}`;
  return () => {
    const { limit: loadLimit, inFlight } = shedding.state();
    return {
      processId,
      daemonId,
      startTimeMs: Math.round(performance.timeOrigin),
      version: BUILD.version,
      listen: config.listen,
      policiesDigest: digestOf(foundation.policies.current()),
      inFlight,
      loadLimit: loadLimit,
    };
  };
}

function createDaemonShedding({ isShedding }: Config, metrics: Metrics): Shedding {
  return createShedding({
    isShedding,
    onShed(method, stage) {
      metrics.load.shed(method);
      if (stage === 'undecoded') metrics.answered({ method, code: 'UNAVAILABLE', durationS: undefined });
    },
    onLeft: metrics.load.left,
  });
}

function observeLoad({ foundation, started, shedding }: Parts): void {
  const { clocks, folding, outage } = started;
  foundation.telemetry.metrics.load.watch({ load: shedding.state, clocks, folding, outage });
}

function startServing(parts: Parts): Promise<QuotaServer> {
  const { config, foundation, started, shedding, logger } = parts;
  const { listener, log, telemetry } = foundation;
  return serve({
    ...rulesOf(parts),
    erasing: erasingAfterCaches(started.erasing, afterCaches(config.isCachingDenials)),
    ...{ auditing: started.auditing, fleet: started.fleet },
    listen: config.listen,
    health: { canDecide: canDecideBy(parts), ...started.isServing },
    drainDelayMs: config.drainDelayMs,
    credentials: listener.credentials,
    guards: guardsOf(parts),
    callerOf: listener.callerOf,
    shedding,
    maxStreams: config.maxStreams,
    proxies: { isProxy: foundation.isProxy, maxStreams: config.proxies.maxStreams },
    connectionAge: config.connectionAge,
    hasReflection: config.access.reflection,
    onHandshakeFailure: telemetry.metrics.handshakeFailed,
    log,
    logger,
  });
}

/** The rules, and the feed that their decisions are published in. */
function rulesOf({
  config,
  foundation,
  started,
}: Parts): Pick<ServeOptions, 'limiter' | 'administration' | 'feed'> {
  const { policies, telemetry } = foundation;
  const local = createDecisionFeed();
  const inDaemon = cluster.isWorker ? shareFeed(local, { channel: processChannel() }) : local;
  const { feedChannel: channel } = started;
  // Decisions of other daemons go to the watchers here: other workers receive them themselves.
  const feed = channel ? shareFeed(inDaemon, { channel, received: local }) : inDaemon;
  const rules = {
    currentPolicies: policies.current,
    store: started.store,
    afterCaches: afterCaches(config.isCachingDenials),
  };
  return {
    feed,
    limiter: createLimiter({
      ...rules,
      onDecision: [telemetry.metrics.decided, started.decided, publishTo(feed)],
      onRefund: [telemetry.metrics.refunded, publishRefundsTo(feed)],
      onRace: telemetry.metrics.jointRefunded,
    }),
    administration: createAdministration(rules),
  };
}

/** In order, after shedding: the first ones see what the others reject. */
function guardsOf({ foundation, started, shedding, logger }: Parts): ServeOptions['guards'] {
  const { telemetry, listener, fileTrail, hashOf } = foundation;
  const trails = [fileTrail, openStoredAudit({ auditing: started.auditing, hashOf, logger })];
  return [
    observeRequests(telemetry.metrics),
    listener.authentication,
    shedding.attribution,
    auditRequests({ trails, hashOf }),
  ];
}

/** Whether admissions can be decided on now: with the store, or by the rule of some policy without it. */
function canDecideBy({ foundation: { policies }, started }: Parts): () => boolean {
  return () =>
    started.isServing.store() ||
    [...policies.current().byName.values()].some(({ onStoreFailure }) => onStoreFailure !== 'deny');
}

function reportServing(parts: Parts, { port }: QuotaServer): void {
  const { config, foundation, logger } = parts;
  const { telemetry, policies, isProxy } = foundation;
  const { total, perAddress } = config.connections;
  telemetry.serving({
    port,
    limits: createConnectionLimits({
      total,
      perAddress: (address) => (isProxy(address) ? config.proxies.maxConnections : perAddress),
    }),
    canDecide: canDecideBy(parts),
  });
  logger.info(
    {
      listen: config.listen,
      port,
      httpPort: telemetry.port,
      policiesFile: resolve(config.policiesFile),
      policies: [...policies.current().byName.keys()],
    },
    'listening',
  );
}
