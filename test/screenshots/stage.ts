import type { RowDataPacket } from 'mysql2/promise';
import { masterOf } from '../../daemon/redis/nodes';
import { addDemoAccounts } from '../../scripts/demo/accounts';
import { DEMO } from '../../scripts/demo/data';
import { makePlan } from '../../scripts/demo/plan';
import { play } from '../../scripts/demo/play';
import { createRandom } from '../../scripts/demo/random';
import { DEMO_STUDENTS, emailOf, ensureStudents } from '../../scripts/demo/students';
import { momentsBefore } from '../../scripts/demo/timetable';
import { usersTable } from '../../web/accounts/users';
import { connect } from '../../web/database';
import { startDaemon, type TestDaemon } from '../helpers/daemon';
import { type FreezingProxy, startFreezingProxy } from '../helpers/freezing_proxy';
import { createTestDatabase } from '../helpers/mysql';
import { openRedisSpace } from '../helpers/redis';
import type { TestSite } from '../helpers/site';
import { startWeb } from '../helpers/web';

/** The same pictures each time, but for their times. */
const SEED = 1;

const HOURS = 72;

export const PASSWORD = DEMO.password;

/** Ids in the order of the accounts: students first, and one of the staff. */
export const CAMILLE = { id: 1, email: 'camille@etuservices.example' } as const;
export const HUGO = { id: 2, email: 'hugo@etuservices.example' } as const;
export const INES = { id: 3, email: 'ines@etuservices.example' } as const;
export const NATHALIE = { id: 4, email: 'nathalie@etuservices.example' } as const;

/** A site with the people of the demonstration. */
export type Stage = TestSite & {
  /** Between the web tier and MySQL. */
  mysql: FreezingProxy;
  daemon: TestDaemon;
  /** Plays three days of traffic. */
  playDays(): Promise<void>;
  /** Runs one statement. */
  query(sql: string): Promise<void>;
  /** Makes one more account, which may be deleted. */
  addMaud(): Promise<{ email: string }>;
  /** The id of an article that another sells. */
  articleForSale(): Promise<number>;
};

export async function openStage(): Promise<Stage> {
  const space = openRedisSpace();
  const database = await createTestDatabase();
  const { hostname, port } = new URL(database.url);
  const mysql = await startFreezingProxy({ host: hostname, port: Number(port) });
  const behindProxy = new URL(database.url);
  behindProxy.port = String(mysql.port);
  const daemon = await startDaemon({ redisUrl: space.url, prefix: space.prefix });
  const web = await startWeb({ mysqlUrl: behindProxy.href, quotaTarget: daemon.target });
  const pool = connect(database.url);
  await addDemoAccounts(usersTable(pool));
  return {
    url: web.url,
    mysqlUrl: database.url,
    ...{ mysql, daemon, web },
    async query(sql) {
      await pool.query(sql);
    },
    async addMaud() {
      const email = 'maud@etuservices.example';
      await pool.query(
        `INSERT INTO users (email, first_name, last_name, role, password_hash)
         SELECT ?, 'Maud', 'Petit', 'student', password_hash FROM users WHERE id = ?`,
        [email, CAMILLE.id],
      );
      return { email };
    },
    async articleForSale() {
      const [rows] = await pool.query<RowDataPacket[]>(
        `SELECT id FROM articles WHERE buyer_id IS NULL AND seller_id > ${NATHALIE.id} ORDER BY id LIMIT 1`,
      );
      return Number(rows[0]?.id);
    },
    async playDays() {
      const ids = await ensureStudents(pool);
      const students = DEMO_STUDENTS.map((one, at) => ({ id: ids[at] ?? 0, email: emailOf(one) }));
      const random = createRandom(SEED);
      const moments = momentsBefore(Date.now(), { hours: HOURS, random });
      const plan = makePlan({ random, moments, students: DEMO_STUDENTS });
      const store = { redis: masterOf(space.admissions, space.prefix), keyPrefix: space.prefix };
      const { signal } = new AbortController();
      await play({ site: web.url, store, pool, students, plan, signal, onRound: () => undefined });
    },
    async close() {
      await pool.end();
      await web.stop();
      await daemon.stop();
      await mysql.close();
      await space.close();
      await database.drop();
    },
  };
}
