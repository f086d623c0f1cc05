import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { pino } from 'pino';
import type { Policy } from '../../daemon/quota/policies';
import { createKeys, type Keys } from '../../daemon/redis/keys';
import { createRedisStore, type RedisStore, type RedisStoreOptions } from '../../daemon/redis/store';
import { createSubjectHash } from '../../daemon/telemetry/subject_hash';
import { decisionBy } from './conformance/store_factory';
import { until } from './wait';

const DAY_MS = 24 * 3_600_000;

export const WINDOWS_MS = [3 * DAY_MS, 7 * DAY_MS];

const MINUTES_10 = 600_000;

/** One policy of each kind of state, and of each kind of log. */
export const POLICIES = {
  connection: {
    name: 'connection',
    limits: [{ name: 'per-window', algorithm: 'sliding-window', limit: 10, windowMs: MINUTES_10 }],
    recordsConnections: true,
    onStoreFailure: 'deny',
    rememberMs: MINUTES_10,
  },
  attempt: {
    name: 'attempt',
    limits: [
      { name: 'burst', algorithm: 'token-bucket', limit: 3, windowMs: MINUTES_10 },
      { name: 'tried', algorithm: 'sliding-window', limit: 2, windowMs: MINUTES_10, shadow: true },
    ],
    recordsConnections: false,
    onStoreFailure: 'deny',
    rememberMs: MINUTES_10,
  },
} satisfies Record<string, Policy>;

/** A daemon's store on two databases that a test has for itself. */
export async function openErasingStore(
  databases: { admissions: Redis; calls: Redis },
  {
    policies = Object.values(POLICIES),
    keys = createKeys({ prefix: '', partitions: 1 }),
    hashOf = createSubjectHash('a secret of all daemons'),
    onErased,
    isCachingDenials,
  }: {
    policies?: readonly Policy[];
    keys?: Keys;
  } & Pick<RedisStoreOptions, 'hashOf' | 'onErased' | 'isCachingDenials'> = {},
): Promise<RedisStore> {
  // A test opens many stores on these connections, and each watches both.
  for (const database of Object.values(databases)) database.setMaxListeners(0);
  const store = createRedisStore({
    redis: databases.admissions,
    calls: databases.calls,
    keys,
    partitions: 1,
    policies: () => policies,
    windowsMs: () => WINDOWS_MS,
    hashOf,
    onErased,
    isCachingDenials,
    logger: pino({ level: 'silent' }),
  });
  await store.open();
  return store;
}

/** Admits a request of each policy, and records a call. */
export async function actOnce(store: RedisStore, subject: string): Promise<void> {
  const { connection, attempt } = POLICIES;
  const requestId = randomUUID();
  await Promise.all([
    decisionBy(store, { subject, policy: 'connection', cost: 1, requestId }, connection),
    decisionBy(store, { subject, policy: 'attempt', cost: 2, requestId }, attempt),
    store.recordCall({ subject, service: 'sale', callTimeMs: undefined, requestId }),
  ]);
}

/** Resolves once the erasure has ended. */
export async function erased(store: RedisStore, id: string): Promise<void> {
  await until('the end of the erasure', async () => {
    return (await store.erasing.getErasure(id)).endTimeMs !== undefined;
  });
}

/** The keys whose name or value holds these bytes, as Redis would write them to disk. */
export async function keysThatHold(databases: readonly Redis[], text: string): Promise<string[]> {
  const bytes = Buffer.from(text);
  const found: string[] = [];
  for (const [index, redis] of databases.entries()) {
    for (const key of await redis.keysBuffer('*')) {
      const dumped = (await redis.dumpBuffer(key)) ?? Buffer.alloc(0);
      if (key.includes(bytes) || dumped.includes(bytes)) found.push(`${index}: ${key.toString()}`);
    }
  }
  return found;
}
