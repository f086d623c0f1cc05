// First: what is required before it cannot be traced.
import './telemetry/tracing';
import cluster from 'node:cluster';
import { resolve } from 'node:path';
import { ConfigInvalid } from '../environment/config_invalid';
import { ListenFailed } from '../environment/listen';
import { stopTracing } from '../environment/tracing/start';
import { QuotaAdminServiceService } from '../gen/quota/v1/quota_admin_service';
import { QuotaServiceService } from '../gen/quota/v1/quota_service';
import { createConnectionLimits } from './access/connection_limits';
import { createMemoryBackend } from './backend/memory_backend';
import { createRedisBackend } from './backend/redis_backend';
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
import { StoreMismatch, StoreUnsafe } from './quota/errors';
import { createLimiter } from './quota/limiter';
import { storeFailureKind } from './redis/failures';
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
  let policiesChanged: () => void = () => undefined;
  const policies = openPoliciesFile({
    file: config.policiesFile,
    logger,
    onReload(isTaken) {
      telemetry.metrics.policiesReloaded(isTaken);
      if (isTaken) policiesChanged();
    },
  });
  const fileTrail = openAuditTrail({ file: config.auditFile, logger });
  const listener = openSecureListener({
    settings: config.access,
    onStreamRefused: () => telemetry.metrics.refused('streams'),
    log,
    logger,
  });

  const backend = config.isInMemory
    ? createMemoryBackend({ hashOf, logger })
    : createRedisBackend({ config, currentPolicies: policies.current, hashOf, fail, logger });
  const telemetry = await openTelemetry({
    serve: cluster.isWorker ? answerPrimary : (pages) => serveHttp({ listen: config.httpListen, ...pages }),
    redis: backend.connections,
    isUsable: backend.isUsable,
    policyNames: () => policies.current().byName.keys(),
    droppedLogLines: output.droppedCount,
    methodNames: [QuotaServiceService, QuotaAdminServiceService].flatMap((service) =>
      Object.values(service).map(({ path }) => path.slice(1)),
    ),
    certificateEnds: listener.certificateEnds,
    storeFindings: backend.storeFindings,
  });
  const { metrics } = telemetry;
  const started = await backend.start({
    events: metrics.load,
    opened: telemetry.storeOpened,
    instrument: (store) => instrumentStore(store, (error) => metrics.storeFailed(storeFailureKind(error))),
  });
  policiesChanged = started.policiesChanged;

  const shedding = createShedding({
    isShedding: config.isShedding,
    onShed(method) {
      metrics.load.shed(method);
      metrics.answered({ method, code: 'UNAVAILABLE', durationS: undefined });
    },
  });
  const { clock, folding, outage, erasing, auditing } = started;
  metrics.load.watch({ load: shedding.state, clock, folding, outage });
  const trails = [fileTrail, openStoredAudit({ auditing, hashOf, logger })];
  const local = createDecisionFeed();
  const feed = cluster.isWorker ? shareFeed(local) : local;
  const rules = { currentPolicies: policies.current, store: started.store };
  const limiter = createLimiter({
    ...rules,
    onDecision: [metrics.decided, started.decided, publishTo(feed)],
  });
  const administration = createAdministration({
    ...rules,
    afterCaches: afterCaches(config.isCachingDenials),
  });
  const canDecide = () =>
    started.isServing.store() ||
    [...policies.current().byName.values()].some(({ onStoreFailure }) => onStoreFailure !== 'deny');
  const server = await serve({
    listen: config.listen,
    limiter,
    administration,
    erasing,
    auditing,
    feed,
    health: { canDecide, ...started.isServing },
    drainDelayMs: config.drainDelayMs,
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
  telemetry.serving({
    port: server.port,
    limits: createConnectionLimits(config.connections),
    canDecide,
  });
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
  await started.stop();
  await stopTracing();
  await telemetry.stop();
  logger.info({ finished }, 'stopped');
  await output.close();
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
