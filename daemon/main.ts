// First: what is required before it cannot be traced.
import './telemetry/tracing';
import cluster from 'node:cluster';
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { ConfigInvalid } from '../environment/config_invalid';
import { ListenFailed } from '../environment/listen';
import { stopTracing } from '../environment/tracing/start';
import { QuotaAdminServiceService } from '../gen/quota/v1/quota_admin_service';
import { QuotaServiceService } from '../gen/quota/v1/quota_service';
import { createConnectionLimits } from './access/connection_limits';
import { readConfig } from './config';
import { auditRequests } from './grpc/guards/audit';
import { observeRequests } from './grpc/guards/observe';
import { createShedding } from './grpc/guards/shedding';
import { createRequestLog } from './grpc/request_log';
import { serve } from './grpc/server';
import { openPoliciesFile } from './policies_file';
import { createAdministration } from './quota/administration';
import { createDecisionFeed, publishTo } from './quota/decision_feed';
import { afterCaches } from './quota/denial_cache';
import { StoreMismatch, StoreUnavailable, StoreUnsafe } from './quota/errors';
import { createLimiter } from './quota/limiter';
import { firstAttempt, openRedis } from './redis/client';
import { createDurable, DISK_TIMEOUT_MS } from './redis/durable';
import { storeFailureKind } from './redis/failures';
import { createKeys } from './redis/keys';
import { createProbe } from './redis/probe';
import { createRedisStore } from './redis/store';
import { requireSafeStore, watchStoreSafety } from './redis/store_safety';
import { openSecureListener } from './secure_listener';
import { AuditTrailUnusable, openAuditTrail } from './telemetry/audit_trail';
import { serveHttp } from './telemetry/http';
import { instrumentStore } from './telemetry/instrument';
import { openLog } from './telemetry/logger';
import { openStoredAudit } from './telemetry/stored_audit';
import { createSubjectHash, newLogSecret } from './telemetry/subject_hash';
import { openTelemetry } from './telemetry/telemetry';
import { answerPrimary } from './workers/asking';
import { runPrimary } from './workers/primary';
import { shareFeed } from './workers/shared_feed';

const OPEN_RETRY_MS = 250;

async function main(): Promise<void> {
  const config = readConfig();
  const output = openLog({ level: config.logLevel, isTerminal: process.stdout.isTTY });
  const { logger } = output;
  if (cluster.isPrimary && config.workers > 1) {
    // Or each worker would make a secret of its own.
    const secret = config.logSecret === undefined && newLogSecret();
    const environment = secret ? { QUOTA_LOG_SECRET: secret } : undefined;
    await runPrimary({ workerCount: config.workers, environment, httpListen: config.httpListen, logger });
    return output.close();
  }
  if (config.logSecret === undefined)
    logger.warn('QUOTA_LOG_SECRET is not set: the subjects of this log cannot be found by their hashes');
  const hashOf = createSubjectHash(config.logSecret ?? newLogSecret());
  const log = createRequestLog({ logger, hashOf });
  const policies = openPoliciesFile({
    file: config.policiesFile,
    logger,
    onReload(isTaken) {
      telemetry.metrics.policiesReloaded(isTaken);
      if (isTaken) void store.announce();
    },
  });
  const fileTrail = openAuditTrail({ file: config.auditFile, logger });
  const listener = openSecureListener({
    settings: config.access,
    onStreamRefused: () => telemetry.metrics.refused('streams'),
    log,
    logger,
  });

  const redis = openRedis({ url: config.redisUrl, name: 'quota-admissions', logger });
  const calls = openRedis({ url: config.redisCallsUrl, name: 'quota-calls', logger });
  const { keyPrefix: prefix, partitions } = config;
  const waitMs = DISK_TIMEOUT_MS;
  const durable = openRedis({ url: config.redisUrl, name: 'quota-durable', waitMs, logger });
  const durableCalls = config.areCallsDurable
    ? openRedis({ url: config.redisCallsUrl, name: 'quota-durable-calls', waitMs, logger })
    : undefined;
  const isDurable = () =>
    config.areCallsDurable || [...policies.current().byName.values()].some((policy) => policy.isDurable);
  const safety = {
    admissions: watchStoreSafety({ redis, name: 'quota-admissions', isDurable, logger }),
    calls: watchStoreSafety({ redis: calls, name: 'quota-calls', isDurable, logger }),
  };
  const probes = [
    createProbe({ redis, name: 'quota-admissions', prefix, logger }),
    createProbe({ redis: calls, name: 'quota-calls', prefix, logger }),
  ] as const;
  const [admissionsProbe, callsProbe] = probes;
  const telemetry = await openTelemetry({
    serve: cluster.isWorker ? answerPrimary : (pages) => serveHttp({ listen: config.httpListen, ...pages }),
    redis: { admissions: redis, calls },
    isUsable: { admissions: admissionsProbe.isUsable, calls: callsProbe.isUsable },
    policyNames: () => policies.current().byName.keys(),
    droppedLogLines: output.droppedCount,
    methodNames: [QuotaServiceService, QuotaAdminServiceService].flatMap((service) =>
      Object.values(service).map(({ path }) => path.slice(1)),
    ),
    certificateEnds: listener.certificateEnds,
    storeFindings: { admissions: safety.admissions.findings, calls: safety.calls.findings },
  });
  const { metrics } = telemetry;
  const store = createRedisStore({
    redis,
    calls,
    keys: createKeys({ prefix, partitions }),
    partitions,
    policies: () => policies.current().byName.values(),
    windowsMs: () => policies.current().statistics.windowsMs,
    logBytes: config.logBytes,
    isJoining: config.isJoining,
    isCachingDenials: config.isCachingDenials,
    events: metrics.load,
    durable: createDurable({ redis: durable, prefix }),
    durableCalls: durableCalls && createDurable({ redis: durableCalls, prefix }),
    hashOf,
    logger,
  });
  await Promise.all([firstAttempt(redis), firstAttempt(calls)]);
  await Promise.all(probes.map((probe) => probe.start()));
  await openStore({
    async open() {
      if (config.isStoreStrict) await requireSafeStore(safety);
      await store.open();
    },
    logger,
    opened: () => telemetry.storeOpened(store.isOpen),
  });

  const shedding = createShedding({
    isShedding: config.isShedding,
    onShed(method) {
      metrics.load.shed(method);
      metrics.answered({ method, code: 'UNAVAILABLE', durationS: undefined });
    },
  });
  metrics.load.watch({ load: shedding.state, clock: store.clock, folding: () => store.foldProgress });
  const trails = [fileTrail, openStoredAudit({ auditing: store.auditing, hashOf, logger })];
  const local = createDecisionFeed();
  const feed = cluster.isWorker ? shareFeed(local) : local;
  const rules = {
    currentPolicies: policies.current,
    store: instrumentStore(store, (error) => metrics.storeFailed(storeFailureKind(error))),
  };
  const limiter = createLimiter({ ...rules, onDecision: [metrics.decided, store.decided, publishTo(feed)] });
  const administration = createAdministration({ ...rules, afterCaches });
  const server = await serve({
    listen: config.listen,
    limiter,
    administration,
    erasing: store.erasing,
    auditing: store.auditing,
    feed,
    isReady: () => telemetry.isStoreOpen() && probes.every((probe) => probe.isUsable()),
    credentials: listener.credentials,
    guards: [
      observeRequests(metrics),
      listener.authentication,
      shedding.attribution,
      auditRequests({ trails, hashOf }),
    ],
    callerOf: listener.callerOf,
    shedding,
    maxStreams: config.maxStreams,
    hasReflection: config.access.reflection,
    onHandshakeFailure: metrics.handshakeFailed,
    log,
    logger,
  });
  telemetry.serving(server.port, createConnectionLimits(config.connections));
  logger.info(
    {
      listen: config.listen,
      port: server.port,
      httpPort: telemetry.port,
      policiesFile: resolve(config.policiesFile),
      policies: [...policies.current().byName.keys()],
    },
    'listening',
  );

  const signal = await nextSignal();
  logger.info({ signal }, 'draining');
  telemetry.draining();
  policies.stop();
  listener.close();
  const finished = await server.drain();
  await store.settle();
  for (const probe of probes) probe.stop();
  for (const connection of [redis, calls, durable, durableCalls]) connection?.disconnect();
  await stopTracing();
  await telemetry.stop();
  logger.info({ finished }, 'stopped');
  await output.close();
}

type Opening = { open: () => Promise<void>; logger: Logger; opened: () => void };

/** Opens the store, or goes on trying: until it answers, it refuses. Ends the program where it can never be opened. */
async function openStore(opening: Opening): Promise<void> {
  const { open, logger, opened } = opening;
  try {
    await open();
    opened();
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) fail(error);
    logger.warn('the store does not answer yet');
    setTimeout(() => openStore(opening), OPEN_RETRY_MS).unref();
  }
}

/** The signal to stop; a worker stops as well if its primary is gone. */
function nextSignal(): Promise<NodeJS.Signals | 'disconnect'> {
  return new Promise((resolve) => {
    if (cluster.isWorker) process.once('disconnect', () => resolve('disconnect'));
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
}

/** Says why the daemon cannot run: what an operator can mend in plain words, anything else with its stack. */
function fail(error: unknown): never {
  if (
    error instanceof ConfigInvalid ||
    error instanceof StoreMismatch ||
    error instanceof StoreUnsafe ||
    error instanceof ListenFailed ||
    error instanceof AuditTrailUnusable
  ) {
    console.error(`quota-daemon: ${error.message}`);
  } else {
    console.error('quota-daemon:', error);
  }
  process.exit(1);
}

main().then(() => process.exit(), fail);
