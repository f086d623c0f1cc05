// First: a module that is loaded before it cannot be traced.
import './telemetry/tracing';
import type { Server } from 'node:http';
import type { Logger } from 'pino';
import { ConfigInvalid } from '../environment/config_invalid';
import { formatAddress, listenAt } from '../environment/listen';
import { stopTracing } from '../environment/tracing/start';
import { erasuresTable } from './accounts/erasures';
import { createSessionStore } from './accounts/sessions';
import { usersTable } from './accounts/users';
import { createApp } from './app';
import { loadAssets } from './assets';
import { connectBounded } from './bounded_pool';
import { cleanUpRegularly } from './clean_up';
import { type Config, readConfig } from './config';
import { answers, connect } from './database';
import { forgetOldRequests } from './market/call_requests';
import { createMarket } from './market/market';
import { migrate } from './migrations';
import { outboxTable } from './outbox/outbox';
import { type Relay, startRelay } from './outbox/relay';
import { createSiteClient } from './quota/client';
import { openQuotaCredentials, type QuotaCredentials } from './quota/credentials';
import { createSiteServer } from './site_server';
import { createLogger } from './telemetry/logger';
import { createMetrics } from './telemetry/metrics';
import { withProbes } from './telemetry/probes';
import { createMetricsServer } from './telemetry/server';

/** Longer than any request may take, and shorter than the time a supervisor gives before it kills. */
const DRAIN_LIMIT_MS = 8_000;

const IDLE_CHECK_MS = 50;

async function main(): Promise<void> {
  const config = readConfig();
  const logger = createLogger(config.logLevel);
  if (config.sessionSecretIsTemporary) {
    logger.warn('SESSION_SECRET is not set: everyone is logged out when this process ends');
  }
  const credentials = openQuotaCredentials(config.quotaSecurity, logger);
  try {
    await start({ config, credentials, logger });
  } catch (err) {
    logger.fatal({ err }, 'the web tier cannot start');
    process.exitCode = 1;
  }
}

type Starting = { config: Config; credentials: QuotaCredentials; logger: Logger };

async function start({ config, credentials, logger }: Starting): Promise<void> {
  await migrateDatabase(config.mysqlUrl, logger);
  const metrics = createMetrics();
  const { pool, use: poolUse } = connectBounded(config.mysqlUrl);
  const outbox = outboxTable(pool);
  metrics.observe({ backlog: outbox.backlog, poolUse });
  const metricsServer = createMetricsServer(metrics);
  const sessionStore = createSessionStore({ pool, logger });
  const quota = createSiteClient({
    target: config.quotaTarget,
    credentials,
    onAnswered: metrics.daemonRequestAnswered,
    logger,
  });
  const endCleanUp = cleanUpRegularly({
    work: () => forgetOldRequests(pool),
    failure: 'old requests of calls stay for now',
    logger,
  });
  const relays: Relay[] = [];
  const close = async () => {
    await Promise.all(relays.map((relay) => relay.stop()));
    metricsServer.close();
    metricsServer.closeAllConnections();
    sessionStore.close();
    endCleanUp();
    quota.close();
    credentials.close();
    await stopTracing();
    await pool.end();
  };
  try {
    const relay = startRelay({ outbox, send: quota.recordCall, logger });
    const eraser = startRelay({
      outbox: erasuresTable(pool),
      send: quota.erase,
      logger: logger.child({ outbox: 'erasures' }),
    });
    relays.push(relay, eraser);
    const market = createMarket({ pool, onCall: relay.nudge });
    const stopping = new AbortController();
    const app = createApp({
      assets: loadAssets(),
      users: usersTable(pool),
      market,
      quota,
      sessionStore: sessionStore.store,
      sessionSecret: config.sessionSecret,
      timeZone: config.timeZone,
      offersSignUp: config.offersSignUp,
      trustProxy: config.trustProxy,
      logger,
      onAnswered: metrics.requestAnswered,
      stopping: stopping.signal,
    });
    const parts = { mysql: () => answers(pool), quota: quota.isReady };
    const server = createSiteServer(withProbes({ site: app, parts }));
    const metricsPort = await listenAt(metricsServer, {
      variable: 'WEB_METRICS_LISTEN',
      listen: formatAddress(config.metricsListen),
    });
    const port = await listenAt(server, { variable: 'WEB_LISTEN', listen: formatAddress(config.listen) });
    logger.info({ host: config.listen.host, port, metricsPort }, 'the web tier is listening');
    drainOnSignal({ server, stopping, close, logger });
  } catch (error) {
    await close();
    throw error;
  }
}

/** With a separate pool: a migration may take long. */
async function migrateDatabase(mysqlUrl: string, logger: Logger): Promise<void> {
  const pool = connect(mysqlUrl);
  try {
    const applied = await migrate(pool);
    if (applied.length > 0) logger.info({ applied }, 'the database was migrated');
  } finally {
    await pool.end();
  }
}

type Draining = { server: Server; stopping: AbortController; close: () => Promise<void>; logger: Logger };

/** On SIGTERM or SIGINT: takes no more connections, finishes the requests in flight, then exits 0 within a bound. */
function drainOnSignal({ server, stopping, close, logger }: Draining): void {
  let isDraining = false;
  const drain = (signal: string) => {
    if (isDraining) return;
    isDraining = true;
    logger.info({ signal }, 'draining');
    stopping.abort();
    setTimeout(() => {
      logger.warn('requests in flight were cut short');
      process.exit(0);
    }, DRAIN_LIMIT_MS).unref();
    // A connection kept alive turns idle only after its last answer, so one look is not enough.
    const idleCheck = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
    server.close(async () => {
      clearInterval(idleCheck);
      await close().catch((err) => logger.warn({ err }, 'a connection did not close'));
      logger.info('drained');
      process.exit(0);
    });
  };
  process.on('SIGTERM', drain);
  process.on('SIGINT', drain);
}

main().catch((error) => {
  // There is no logger yet: its settings are in the environment.
  console.error('web:', error instanceof ConfigInvalid ? error.message : error);
  process.exitCode = 1;
});
