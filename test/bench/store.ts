import { randomUUID } from 'node:crypto';
import { type Redis, Redis as RedisClient } from 'ioredis';
import type { Policy } from '../../daemon/quota/policies';
import { DEFAULT_TOP_WINDOW_MS } from '../../daemon/quota/usage';
import { readCalls } from '../../daemon/redis/calls';
import { readConnections } from '../../daemon/redis/connections';
import { createKeys } from '../../daemon/redis/keys';
import { admitAll } from '../../daemon/redis/limits/admit';
import { createEncoder } from '../../daemon/redis/limits/encoder';
import { registerNewcomers } from '../../daemon/redis/newcomers';
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
  try {
    const ping = await median(() => redis.ping());
    const compare = (what: string, ms: number) => tell(`${what.padEnd(50)} ${(ms / ping).toFixed(1)} × PING`);
    await connectUsers({ redis, calls }, { from: 0, to: FEW_USERS });
    compare('Admit: a sliding window, connection recorded', await median(() => connect(redis, randomUUID())));
    const few = await median(() => readStatistics(redis, calls));
    compare(`Stats with ${FEW_USERS} users`, few);
    await connectUsers({ redis, calls }, { from: FEW_USERS, to: MANY_USERS });
    const many = await median(() => readStatistics(redis, calls));
    compare(`Stats with ${MANY_USERS} users`, many);
    tell(
      `Stats with ${MANY_USERS / FEW_USERS} times the users takes ${(many / few).toFixed(2)} times as long.`,
    );
  } finally {
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

function connect(redis: Redis, subject: string) {
  const admission = { subject, policy: policy.name, cost: 1, requestId: undefined };
  return admitAll({ redis, keys, encoder: createEncoder(keys), partition: 0, claim: '' }, [
    { admission, policy, deadlineUs: undefined, wantsIds: false },
  ]);
}

/** Each user connects once, through the daemon's own script, and becomes known to the record of calls. */
async function connectUsers(
  { redis, calls }: { redis: Redis; calls: Redis },
  { from, to }: { from: number; to: number },
): Promise<void> {
  const BATCH = 500;
  for (let first = from; first < to; first += BATCH) {
    const users = Array.from({ length: Math.min(BATCH, to - first) }, (_, i) => `user-${first + i}`);
    await Promise.all(users.map((user) => connect(redis, user)));
  }
  await registerNewcomers({ redis, calls, keys }, 0);
  await readStatistics(redis, calls);
}

function readStatistics(redis: Redis, calls: Redis) {
  return Promise.all([
    readConnections({ redis, keys }, 0, QUERY),
    readCalls({ calls, keys }, { partition: 0, leastCount: QUERY.leastCount }),
  ]);
}

/** The median time of one call, in milliseconds. */
async function median(call: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < RUNS; run += 1) times.push(await timeOf(call));
  return medianOf(times);
}
