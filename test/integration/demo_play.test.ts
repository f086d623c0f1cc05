import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Pool } from 'mysql2/promise';
import { masterOf } from '../../daemon/redis/nodes';
import type { StatsResponse } from '../../gen/quota/v1/quota_service';
import type { Act } from '../../scripts/demo/act';
import { DEMO } from '../../scripts/demo/data';
import type { Plan } from '../../scripts/demo/plan';
import { type Play, play } from '../../scripts/demo/play';
import { newTally } from '../../scripts/demo/tally';
import { hashPassword } from '../../web/accounts/passwords';
import { usersTable } from '../../web/accounts/users';
import { connect } from '../../web/database';
import { startDaemon, type TestDaemon } from '../helpers/daemon';
import { createTestDatabase, type TestDatabase } from '../helpers/mysql';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';
import { withinOneHour } from '../helpers/wait';
import { startWeb, type TestWeb } from '../helpers/web';

const HOUR_MS = 60 * 60 * 1000;
const FIRST_NAMES = ['Ada', 'Bob', 'Eve'];

let space: RedisSpace;
let database: TestDatabase;
let daemon: TestDaemon;
let web: TestWeb;
let pool: Pool;
let students: { id: number; email: string }[];
// Each of them plays in a world of its own: what one does must not count for the next.
beforeEach(async () => {
  space = openRedisSpace();
  database = await createTestDatabase();
  daemon = await startDaemon({ redisUrl: space.url, prefix: space.prefix });
  web = await startWeb({ mysqlUrl: database.url, quotaTarget: daemon.target });
  pool = connect(database.url);
  const passwordHash = await hashPassword(DEMO.password);
  students = await Promise.all(
    FIRST_NAMES.map(async (firstName) => {
      const email = `${firstName.toLowerCase()}@example.org`;
      const account = { firstName, lastName: 'Student', email, role: 'student', passwordHash } as const;
      return { email, id: await usersTable(pool).insert(account) };
    }),
  );
});
afterEach(async () => {
  await pool.end();
  await web.stop();
  await daemon.stop();
  await space.close();
  await database.drop();
});

const times = (count: number, act: Act) => Array.from({ length: count }, () => act);
const logIn = (student: number): Act => ({ does: 'log-in', student });
const logOut = (student: number): Act => ({ does: 'log-out', student });
const sell = (student: number, article: number): Act => ({ does: 'sell', student, article });
const buy = (student: number, article: number): Act => ({ does: 'buy', student, article });

/** Rounds of an hour each, with three articles. */
function planOf(...rounds: Act[][]): Plan {
  const article = { category: 'book', condition: 'good', priceCents: 450, description: '' } as const;
  return {
    rounds: rounds.map((acts, index) => ({ moment: { ms: index * HOUR_MS }, acts })),
    articles: ['Candide', 'Germinal', 'Phèdre'].map((title) => ({ ...article, title })),
  };
}

function playing(plan: Plan, parts: Partial<Play> = {}) {
  const store = { redis: masterOf(space.admissions, space.prefix), keyPrefix: space.prefix };
  const { signal } = new AbortController();
  return play({ site: web.url, store, pool, students, plan, signal, onRound: () => undefined, ...parts });
}

function sums({ hours, services }: StatsResponse) {
  const sum = (policy: string, count: 'admittedCount' | 'deniedCount') =>
    hours
      .flatMap(({ policies }) => policies)
      .filter((decisions) => decisions.policy === policy)
      .reduce((total, decisions) => total + Number(decisions[count]), 0);
  return {
    logins: sum('connection', 'admittedCount'),
    deniedLogins: sum('connection', 'deniedCount'),
    calls: sum('service-call', 'admittedCount'),
    deniedCalls: sum('service-call', 'deniedCount'),
    services: Object.fromEntries(services.map(({ service, callCount }) => [service, Number(callCount)])),
  };
}

/** On a busy machine each login takes long. */
const PLAYING_MS = 90_000;

describe('the demonstration', () => {
  test(
    'statistics say exactly what was done, hour by hour',
    async () => {
      const plan = planOf(
        [logIn(0), ...times(12, sell(0, 0)), logIn(1), sell(1, 1)],
        [...times(12, logIn(2)), buy(2, 1), buy(1, 0), logOut(1), sell(1, 2)],
        // Sold already to another, and an own one: neither is a call.
        [logIn(1), buy(2, 0), buy(1, 1), sell(1, 2)],
      );
      await withinOneHour({ neededMs: PLAYING_MS });
      const tally = await playing(plan);
      const stats = await daemon.client.stats({ hourCount: 4 });

      expect(tally).toEqual({
        // One more to see whose site it is.
        logins: 1 + 2 + 10 + 1,
        deniedLogins: 2,
        sales: 10 + 1 + 1,
        purchases: 2,
        missed: 1,
        late: 0,
        deniedCalls: 2,
      });
      expect(sums(stats)).toEqual({
        logins: tally.logins,
        deniedLogins: tally.deniedLogins,
        calls: tally.sales + tally.purchases,
        deniedCalls: tally.deniedCalls,
        services: { vente: tally.sales, achat: tally.purchases },
      });
      const connected = stats.hours.map(({ policies }) => Number(policies[0]?.admittedCount));
      expect(connected.filter((count) => count > 0)).toEqual([3, 10, 1]);
    },
    3 * PLAYING_MS,
  );

  test('articles, put up and sold when the plan says', async () => {
    await playing(planOf([logIn(0), sell(0, 0)], [logIn(1), buy(1, 0)], []));
    const [rows] = await pool.query(
      'SELECT TIMESTAMPDIFF(SECOND, created, sold) AS apart, TIMESTAMPDIFF(SECOND, sold, UTC_TIMESTAMP(3)) AS ago FROM articles',
    );

    // An hour each, and what the playing itself took.
    expect(rows).toHaveLength(1);
    for (const seconds of Object.values((rows as Record<string, number>[])[0] ?? {})) {
      expect(Math.floor(seconds / 3600)).toBe(1);
    }
  });

  test('a stop in the middle, with nothing left untold and nothing moved for it', async () => {
    const controller = new AbortController();
    const plan = planOf([logIn(0), sell(0, 0)], [sell(0, 1)], [sell(0, 2)]);
    const onRound = (round: number) => round === 1 && controller.abort();
    const tally = await playing(plan, { signal: controller.signal, onRound });
    const { logins, services } = sums(await daemon.client.stats({ hourCount: 100 }));

    expect(tally).toEqual({ ...newTally(), logins: 2, sales: 2 });
    expect(logins).toBe(2);
    expect(services.vente).toBe(2);
  });

  test('a site that writes into another store is rejected before anything is moved', async () => {
    const other = openRedisSpace();
    const elsewhere = { redis: masterOf(other.admissions, other.prefix), keyPrefix: other.prefix };

    await expect(playing(planOf([], []), { store: elsewhere })).rejects.toThrow('nothing was played');
    await other.close();
  });
});
