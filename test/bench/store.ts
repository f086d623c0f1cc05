import { randomUUID } from 'node:crypto';
import { Redis as RedisClient } from 'ioredis';
import { pino } from 'pino';
import type { Policy } from '../../daemon/quota/policies';
import { DEFAULT_TOP_WINDOW_MS } from '../../daemon/quota/usage';
import { createKeys } from '../../daemon/redis/keys';
import { createRedisStore, type RedisStore } from '../../daemon/redis/store';
import { medianOf, timeOf } from './timing';

/** Runs of each measurement; the median of them counts, as these machines are noisy. */
const RUNS = 300;

const FEW_USERS = 1000;
const MANY_USERS = 100_000;

const QUERY = {
  recentCount: 10,
  topCount: 3,
  topWindowMs: DEFAULT_TOP_WINDOW_MS,
  leastCount: 10,
  hourCount: 0,
};

const keys = createKeys({ prefix: '', partitions: 1 });

/** A line of the report. */
export type Tell = (line: string) => void;

/** Measures what the store costs on an empty Redis, in ratios: a bare number of one machine says nothing. */
export async function benchStore(url: string, tell: Tell): Promise<void> {
  const redis = new RedisClient(url);
  const calls = new RedisClient(new URL('/1', url).href);
  const store = createRedisStore({
    redis,
    calls,
    keys,
    partitions: 1,
    policies: () => [policy],
    windowsMs: () => [DEFAULT_TOP_WINDOW_MS],
    logger: pino({ level: 'silent' }),
  });
  try {
    await store.open();
    const ping = await median(() => redis.ping());
    const compare = (what: string, ms: number) => tell(`${what.padEnd(50)} ${(ms / ping).toFixed(1)} × PING`);
    await connectUsers(store, { from: 0, to: FEW_USERS });
    compare('Admit: a sliding window, connection recorded', await median(() => connect(store, randomUUID())));
    const few = await median(() => readStatistics(store));
    compare(`Stats with ${FEW_USERS} users`, few);
    await connectUsers(store, { from: FEW_USERS, to: MANY_USERS });
    const many = await median(() => readStatistics(store));
    compare(`Stats with ${MANY_USERS} users`, many);
    tell(
      `Stats with ${MANY_USERS / FEW_USERS} times the users takes ${(many / few).toFixed(2)} times as long.`,
    );
  } finally {
    await store.settle();
    redis.disconnect();
    calls.disconnect();
  }
}

const policy: Policy = {
  name: 'connection',
  limits: [{ name: 'per-window', algorithm: 'sliding-window', limit: 10, windowMs: 600_000 }],
  recordsConnections: true,
  onStoreFailure: 'deny',
  rememberMs: 600_000,
};

function connect(store: RedisStore, subject: string) {
  return store.admit({ subject, policy: policy.name, cost: 1, requestId: undefined }, policy);
}

/** Each user connects once, through the daemon's own script, and becomes known to the record of calls. */
async function connectUsers(store: RedisStore, { from, to }: { from: number; to: number }): Promise<void> {
  const BATCH = 500;
  for (let first = from; first < to; first += BATCH) {
    const users = Array.from({ length: Math.min(BATCH, to - first) }, (_, i) => `user-${first + i}`);
    await Promise.all(users.map((user) => connect(store, user)));
  }
  await readStatistics(store);
}

function readStatistics(store: RedisStore) {
  return store.readUsage(QUERY, []);
}

/** The median time of one call, in milliseconds. */
async function median(call: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < RUNS; run += 1) times.push(await timeOf(call));
  return medianOf(times);
}
