import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { Decision } from '../../gen/quota/v1/quota_service';
import { createRandom } from '../../scripts/demo/random';
import { createSimulatedDaemon } from '../bench/simulation/daemons';
import { layoutOf } from '../bench/simulation/simulate';
import { createSubjects } from '../bench/simulation/subjects';
import { createZipf } from '../bench/simulation/zipf';
import { startCluster } from '../helpers/cluster';
import { closedAfterEach } from '../helpers/opened';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

const MASTERS = 3;
const PARTITIONS = 16;
const USERS = 200;
const LIMIT = 10;
const BATCHES = 30;
const BATCH_SIZE = 50;

const POLICIES = `
policies:
  connection:
    on_store_failure: deny
    limits: [{ name: per-window, algorithm: sliding-window, limit: ${LIMIT}, window: 1h }]
`;

/** The same traffic for both: a few users call much more often than the others. */
function batches(): number[][] {
  const next = createZipf({ count: USERS, exponent: 1 }, createRandom(11));
  return Array.from({ length: BATCHES }, () => Array.from({ length: BATCH_SIZE }, next));
}

function simulated(nameOf: (rank: number) => string) {
  const { partitionOf, masterOf } = layoutOf({ partitions: PARTITIONS, masters: MASTERS }, nameOf);
  const admittedOf = new Map<number, number>();
  const usersOf = Array.from({ length: MASTERS }, () => new Set<number>());
  let joinedCalls = 0;
  const daemon = createSimulatedDaemon({
    subjects: createSubjects({
      limit: LIMIT,
      windowUs: 3_600_000_000,
      rateOf: () => 0,
      startsEmpty: true,
      random: createRandom(1),
    }),
    partitionOf,
    turn: { fixedUs: 0, callUs: 0 },
    hasDenialCache: false,
    events: {
      deniedByCache: () => undefined,
      decided(rank, isAdmitted) {
        if (isAdmitted) admittedOf.set(rank, (admittedOf.get(rank) ?? 0) + 1);
        usersOf[masterOf(partitionOf(rank))]?.add(rank);
      },
      called: () => {
        joinedCalls += 1;
      },
    },
  });
  for (const [second, batch] of batches().entries()) daemon.arrive(batch, second * 1_000_000);
  return { admittedOf, joinedCalls, users: usersOf.map(({ size }) => size) };
}

test('the simulation joins, admits and spreads skewed traffic as a daemon on a Cluster does', async () => {
  const cluster = opened.closed(await startCluster({ masters: MASTERS, replicas: 0 }), (each) =>
    each.close(),
  );
  const env = {
    QUOTA_PARTITIONS: String(PARTITIONS),
    QUOTA_DENIAL_CACHE: 'off',
    QUOTA_SHEDDING: 'off',
  };
  const daemon = await opened.daemon({ redisUrl: cluster.url, policies: POLICIES, env });
  const admit = (subject: string) => ({ subject, policy: 'connection', requestId: randomUUID() });

  /** What a daemon makes of the traffic; undefined if the machine was too busy for some of it. */
  async function run(nameOf: (rank: number) => string) {
    const admittedOf = new Map<number, number>();
    const before = await joinedBy(daemon.httpUrl);
    for (const batch of batches()) {
      const requests = batch.map((rank) => admit(nameOf(rank)));
      const answer = await daemon.client.batchAdmit(requests).catch(() => undefined);
      const decisions = answer?.results.map(({ result }) =>
        result?.$case === 'response' ? result.value.decision : undefined,
      );
      if (decisions === undefined || decisions.includes(undefined)) return undefined;
      const admitted = batch.filter((_, index) => decisions[index] === Decision.ADMITTED);
      for (const rank of admitted) admittedOf.set(rank, (admittedOf.get(rank) ?? 0) + 1);
    }
    const after = await joinedBy(daemon.httpUrl);
    // A batch that was sent again was joined again.
    if (after.admissions - before.admissions !== BATCHES * BATCH_SIZE) return undefined;
    const joinedCalls = after.calls - before.calls;
    const users = await Promise.all(
      cluster.servers.map(({ url }) => countUsers(url, nameOf(0).slice(0, -1))),
    );
    return { admittedOf, joinedCalls, users };
  }

  let name = '';
  let measured: Awaited<ReturnType<typeof run>>;
  const decides = async () => {
    const prefix = `${randomUUID()}-`;
    name = prefix;
    measured = await run((rank) => `${prefix}${rank}`);
    return measured !== undefined;
  };
  await until('the daemon to decide on all of it', decides, { boundMs: 180_000 });

  expect(measured).toEqual(simulated((rank) => `${name}${rank}`));
}, 300_000);

/** The admissions that a daemon has sent to Redis so far, and in how many calls. */
async function joinedBy(httpUrl: string): Promise<{ admissions: number; calls: number }> {
  const text = await (await fetch(`${httpUrl}/metrics`)).text();
  const metric = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
  return {
    admissions: metric('quota_joined_admissions_sum'),
    calls: metric('quota_joined_admissions_count'),
  };
}

/** The users with this prefix who have taken something from a server's policy. */
async function countUsers(url: string, prefix: string): Promise<number> {
  const redis = new Redis(url);
  try {
    return (await redis.keys(`taken:*:connection:${prefix}*`)).length;
  } finally {
    redis.disconnect();
  }
}
