import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { pino } from 'pino';
import type { Policy } from '../../daemon/quota/policies';
import { createKeys, type Keys } from '../../daemon/redis/keys';
import { createRedisStore, type RedisStore } from '../../daemon/redis/store';
import { startDaemon, type TestDaemon } from '../helpers/daemon';
import { failureOf, type QuotaClient } from '../helpers/quota_client';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';

const HOUR_MS = 3_600_000;
const SUBJECTS = ['a', 'b', 'c', '42', 'élève {0}'];
const POLICY: Policy = {
  name: 'connection',
  limits: [{ name: 'roomy', algorithm: 'token-bucket', limit: 1_000_000, windowMs: 1000 }],
  recordsConnections: true,
  onStoreFailure: 'deny',
  rememberMs: 0,
};
const LISTS = { recentCount: 100, topCount: 100, leastCount: 100, hourCount: 0 };

let space: RedisSpace;
const opened: RedisStore[] = [];
beforeAll(() => {
  space = openRedisSpace();
});
afterAll(async () => {
  await Promise.all(opened.map((store) => store.settle()));
  await space.close();
});

/** One connection some hours ago: an edge of no window that is asked for, so that no pause changes the answer. */
interface Past {
  readonly subject: string;
  readonly hoursAgo: number;
}

/** Writes what a daemon would have logged in the past, which no test can wait for. */
async function logPast(keys: Keys, past: readonly Past[]): Promise<void> {
  const nowMs = Date.now();
  for (const { subject, hoursAgo } of past.toSorted((one, other) => other.hoursAgo - one.hoursAgo)) {
    const log = keys.admissions(keys.partitionOf(subject), POLICY.name);
    await space.admissions.xadd(log, `${(nowMs - hoursAgo * HOUR_MS) * 1000}-*`, subject, '1');
  }
}

async function openStore(partitions: number, windowMs = HOUR_MS) {
  const prefix = `${space.prefix}${randomUUID()}:`;
  const keys = createKeys({ prefix, partitions });
  const { admissions: redis, calls } = space;
  const store = createRedisStore({
    redis,
    calls,
    keys,
    partitions,
    policies: () => [POLICY],
    windowsMs: () => [windowMs],
    logger: pino({ level: 'silent' }),
  });
  opened.push(store);
  await store.open();
  return { store, keys };
}

type Store = Awaited<ReturnType<typeof openStore>>['store'];

async function act(store: Store, { connects, calls }: { connects: string[]; calls: string[] }) {
  for (const subject of connects) {
    const admission = { subject, policy: POLICY.name, cost: 1, requestId: undefined };
    await store.admitAll([{ admission, policy: POLICY }]);
  }
  for (const [at, subject] of calls.entries()) {
    const service = at % 2 === 0 ? 'vente' : 'achat';
    await store.recordCall({ subject, service, requestId: undefined, callTimeMs: undefined });
  }
}

const count = (of: readonly string[], subject: string) => of.filter((other) => other === subject).length;

const someone = fc.constantFrom(...SUBJECTS);
const historyArbitrary = fc.record({
  past: fc.array(fc.record({ subject: someone, hoursAgo: fc.integer({ min: 1, max: 167 }) }), {
    maxLength: 30,
  }),
  connects: fc.array(someone, { maxLength: 10 }),
  calls: fc.array(someone, { maxLength: 10 }),
  windowHours: fc.integer({ min: 0, max: 166 }).map((hours) => hours + 0.5),
});

describe('the numbers of one subject, in the store', () => {
  test.each([1, 3, 16])(
    '%d partitions and any history are counted as a plain count would',
    async (partitions) => {
      await fc.assert(
        fc.asyncProperty(historyArbitrary, async ({ past, connects, calls, windowHours }) => {
          const { store, keys } = await openStore(partitions, windowHours * HOUR_MS);
          await logPast(keys, past);
          await act(store, { connects, calls });
          const inWindow = past.filter(({ hoursAgo }) => hoursAgo < windowHours);
          const connected = [...connects, ...inWindow.map(({ subject }) => subject)];

          for (const subject of [...SUBJECTS, 'nobody']) {
            const query = { ...LISTS, topWindowMs: windowHours * HOUR_MS, subject };
            const { subjectUsage, topUsers } = await store.readUsage(query, []);

            const connectionCount = count(connected, subject);
            expect(subjectUsage).toEqual({ subject, connectionCount, callCount: count(calls, subject) });
            // What the list says of the subject, at the same moment.
            expect(topUsers.find((user) => user.subject === subject)?.count ?? 0).toBe(connectionCount);
          }
        }),
        { numRuns: 15 },
      );
    },
  );

  test('without a subject, the lists are the same and no subject is returned', async () => {
    const { store } = await openStore(3);
    await act(store, { connects: ['a', 'a', 'b'], calls: ['b'] });
    const query = { ...LISTS, topWindowMs: HOUR_MS };

    const { subjectUsage, topUsers, leastActiveUsers } = await store.readUsage(query, []);

    const asked = await store.readUsage({ ...query, subject: 'a' }, []);
    expect(subjectUsage).toBeUndefined();
    expect([asked.topUsers, asked.leastActiveUsers]).toEqual([topUsers, leastActiveUsers]);
  });
});

describe('the numbers of one subject, of two daemons over three partitions', () => {
  let daemons: TestDaemon[];
  beforeAll(async () => {
    const env = { QUOTA_PARTITIONS: '3' };
    const options = { redisUrl: space.url, prefix: `${space.prefix}daemons:`, env };
    daemons = await Promise.all([startDaemon(options), startDaemon(options)]);
  });
  afterAll(() => Promise.all(daemons.map((daemon) => daemon.stop())));

  const askAll = (ask: (client: QuotaClient) => Promise<unknown>) =>
    Promise.all(daemons.map(({ client }) => ask(client)));
  const numbersOf = (subject: string) => async (client: QuotaClient) =>
    (await client.stats({ subject, recentCount: 0, topCount: 0, leastCount: 0 })).subjectUsage;

  test('connections and calls through both are reported by both, and neither counts a denial', async () => {
    const subject = randomUUID();
    await askAll((client) => client.admit({ subject, policy: 'connection' }));
    await askAll((client) => client.admit({ subject, policy: 'connection', cost: 11 }));
    const requestId = randomUUID();
    for (const service of ['vente', 'vente', 'achat'])
      await askAll((client) => client.recordCall({ subject, service }));
    await askAll((client) => client.recordCall({ subject, service: 'vente', requestId }));

    const own = { subject, connectionCount: 2, callCount: 7 };
    expect(await askAll(numbersOf(subject))).toEqual([own, own]);
  });

  test('a subject that nobody knows has zeros', async () => {
    const subject = 'é'.repeat(128);
    const none = { subject, connectionCount: 0, callCount: 0 };

    expect(await askAll(numbersOf(subject))).toEqual([none, none]);
  });

  test('without a subject, none is returned', async () => {
    const told = await askAll(async (client) => (await client.stats()).subjectUsage);

    expect(told).toEqual([undefined, undefined]);
  });

  test('a subject that is too long and a bad count are both named', async () => {
    const [failure] = await Promise.all(
      daemons.map(({ client }) => failureOf(client.stats({ topCount: 101, subject: 'x'.repeat(129) }))),
    );

    expect(failure).toMatchObject({ code: status.INVALID_ARGUMENT, fields: ['top_count', 'subject'] });
  });
});
