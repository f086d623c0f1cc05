// First: what is required before it cannot be traced.
import './telemetry/tracing';
import type { Logger } from 'pino';
import { stopTracing } from '../environment/tracing/start';
import { ConfigInvalid, readConfig } from './config';
import { openDoor } from './door';
import { observeCalls } from './grpc/observe';
import { serve } from './grpc/server';
import { ListenFailed } from './listen';
import { openPoliciesFile } from './policies_file';
import { createAdministration } from './quota/administration';
import { createDecisionFeed } from './quota/decision_feed';
import { StoreMismatch, StoreUnavailable } from './quota/errors';
import { createLimiter } from './quota/limiter';
import { firstAttempt, openRedis } from './redis/client';
import { createKeys } from './redis/keys';
import { createRedisStore, type RedisStore } from './redis/store';
import { instrumentLimiter, instrumentStore } from './telemetry/instrument';
import { createLogger } from './telemetry/logger';
import { openTelemetry } from './telemetry/telemetry';

const OPEN_RETRY_MS = 250;

async function main(): Promise<void> {
  const config = readConfig();
  const logger = createLogger({ level: config.logLevel, isTerminal: process.stdout.isTTY });
  const policies = openPoliciesFile({
    file: config.policiesFile,
    logger,
    onReload(isTaken) {
      telemetry.metrics.policiesReloaded(isTaken);
      if (isTaken) void store.announce();
    },
  });
  const door = openDoor({ settings: config.access, logger });

  const redis = openRedis({ url: config.redisUrl, name: 'quota-admissions', logger });
  const calls = openRedis({ url: config.redisCallsUrl, name: 'quota-calls', logger });
  const telemetry = await openTelemetry({
    listen: config.httpListen,
    redis: { admissions: redis, calls },
    policyNames: () => policies.current().byName.keys(),
  });
  const { metrics } = telemetry;
  const { keyPrefix: prefix, partitions } = config;
  const store = createRedisStore({
    redis,
    calls,
    keys: createKeys({ prefix, partitions }),
    partitions,
    policies: () => policies.current().byName.values(),
    windowsMs: () => policies.current().statistics.windowsMs,
    logger,
  });
  await Promise.all([firstAttempt(redis), firstAttempt(calls)]);
  await openStore({ store, logger, opened: telemetry.storeOpened });

  const feed = createDecisionFeed();
  const rules = { currentPolicies: policies.current, store: instrumentStore(store, metrics) };
  const limiter = instrumentLimiter(createLimiter({ ...rules, feed }), metrics);
  const administration = createAdministration(rules);
  const server = await serve({
    listen: config.listen,
    limiter,
    administration,
    feed,
    ping: store.ping,
    credentials: door.credentials,
    interceptors: [observeCalls(metrics), door.authentication],
    hasReflection: config.access.reflection,
    logger,
  });
  telemetry.serving(server.port);
  logger.info(
    {
      listen: config.listen,
      port: server.port,
      httpPort: telemetry.port,
      policies: [...policies.current().byName.keys()],
    },
    'listening',
  );

  const signal = await nextSignal();
  logger.info({ signal }, 'draining');
  telemetry.draining();
  policies.stop();
  door.close();
  const finished = await server.drain();
  await store.settle();
  redis.disconnect();
  calls.disconnect();
  await stopTracing();
  await telemetry.stop();
  logger.info({ finished }, 'stopped');
}

type Opening = { store: RedisStore; logger: Logger; opened: () => void };

/** Opens the store, or goes on trying: until it answers, it refuses. Ends the program where it can never be opened. */
async function openStore(opening: Opening): Promise<void> {
  const { store, logger, opened } = opening;
  try {
    await store.open();
    opened();
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) fail(error);
    logger.warn('the store does not answer yet');
    setTimeout(() => openStore(opening), OPEN_RETRY_MS).unref();
  }
}

function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
}

/** Says why the daemon cannot run: what an operator can mend in plain words, anything else with its stack. */
function fail(error: unknown): never {
  if (error instanceof ConfigInvalid) {
    console.error(
      `quota-daemon: the configuration cannot be used:\n${error.faults.map((line) => `  ${line}`).join('\n')}`,
    );
  } else if (error instanceof StoreMismatch || error instanceof ListenFailed) {
    console.error(`quota-daemon: ${error.message}`);
  } else {
    console.error('quota-daemon:', error);
  }
  process.exit(1);
}

main().catch(fail);
