import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import { ConfigInvalid, readConfig } from './config';
import { ListenFailed, serve } from './grpc/server';
import { StoreUnavailable } from './quota/errors';
import { createLimiter } from './quota/limiter';
import { type Policies, PoliciesInvalid, parsePolicies } from './quota/policies';
import { firstAttempt, openRedis } from './redis/client';
import { createKeys } from './redis/keys';
import { PartitionsMismatch } from './redis/partitions';
import { createRedisStore, type RedisStore } from './redis/store';
import { createLogger } from './telemetry/logger';

const OPEN_RETRY_MS = 250;

async function main(): Promise<void> {
  const config = readConfig();
  const policies = readPolicies(config.policiesFile);
  const logger = createLogger({ level: config.logLevel, isTerminal: process.stdout.isTTY });

  const redis = openRedis({ url: config.redisUrl, name: 'quota-admissions', logger });
  const calls = openRedis({ url: config.redisCallsUrl, name: 'quota-calls', logger });
  const { keyPrefix: prefix, partitions } = config;
  const store = createRedisStore({
    redis,
    calls,
    keys: createKeys({ prefix, partitions }),
    partitions,
    logger,
  });
  await Promise.all([firstAttempt(redis), firstAttempt(calls)]);
  await openStore(store, logger);

  const limiter = createLimiter({ policies, store });
  const server = await serve({ listen: config.listen, limiter, ping: store.ping, logger });
  logger.info(
    { listen: config.listen, port: server.port, policies: [...policies.byName.keys()] },
    'listening',
  );

  const signal = await nextSignal();
  logger.info({ signal }, 'draining');
  const finished = await server.drain();
  await store.settle();
  redis.disconnect();
  calls.disconnect();
  logger.info({ finished }, 'stopped');
}

function readPolicies(file: string): Policies {
  const text = readText(file);
  try {
    return parsePolicies(text);
  } catch (error) {
    if (!(error instanceof PoliciesInvalid)) throw error;
    throw new ConfigInvalid(error.faults.map(({ line, message }) => `${file}:${line}: ${message}`));
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigInvalid([
      `QUOTA_POLICIES ${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`,
    ]);
  }
}

/** Opens the store, or goes on trying: until it answers, it refuses. Ends the program where it can never be opened. */
async function openStore(store: RedisStore, logger: Logger): Promise<void> {
  try {
    await store.open();
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) fail(error);
    logger.warn('the store does not answer yet');
    setTimeout(() => openStore(store, logger), OPEN_RETRY_MS).unref();
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
  } else if (error instanceof PartitionsMismatch || error instanceof ListenFailed) {
    console.error(`quota-daemon: ${error.message}`);
  } else {
    console.error('quota-daemon:', error);
  }
  process.exit(1);
}

main().catch(fail);
