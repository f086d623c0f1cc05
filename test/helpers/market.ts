import { randomUUID } from 'node:crypto';
import type { Pool, PoolConnection, RowDataPacket } from 'mysql2/promise';
import { usersTable } from '../../web/accounts/users';
import { connect } from '../../web/database';
import type { NewArticle } from '../../web/market/article';
import { createMarket, type Market } from '../../web/market/market';
import { migrate } from '../../web/migrations';
import { createTestDatabase } from './mysql';

/** A market in a database of the test's own, with users of the ids 1, 2 and 3. */
export interface TestMarket {
  readonly url: string;
  readonly pool: Pool;
  readonly market: Market;
  /** Puts an article up for sale; the defaults are a good book of user 1 for a euro. Returns its id. */
  sell(article?: Partial<NewArticle> & { sellerId?: number }): Promise<number>;
  close(): Promise<void>;
}

export async function openMarket(): Promise<TestMarket> {
  const database = await createTestDatabase();
  const pool = connect(database.url);
  await migrate(pool);
  for (const name of ['ada', 'bob', 'eve']) {
    const email = `${name}@example.org`;
    const user = { email, firstName: name, lastName: name, role: 'student', passwordHash: '-' } as const;
    await usersTable(pool).insert(user);
  }
  const market = createMarket({ pool, onCall: () => undefined });
  return {
    url: database.url,
    pool,
    market,
    sell({ sellerId = 1, ...article } = {}) {
      const book = {
        title: 'Candide',
        category: 'book',
        condition: 'good',
        priceCents: 100,
        description: '',
      } as const;
      return market.sell({ requestId: randomUUID(), sellerId, article: { ...book, ...article } });
    },
    async close() {
      await pool.end();
      await database.drop();
    },
  };
}

/** How many rows the server read from its tables and indexes for the work, which runs on this one connection. */
export async function rowsRead(connection: PoolConnection, work: () => Promise<unknown>): Promise<number> {
  const before = await handlerReads(connection);
  await work();
  // Reading the counters adds to them: a second reading shows how much.
  const after = await handlerReads(connection);
  const ofReading = (await handlerReads(connection)) - after;
  return after - before - ofReading;
}

async function handlerReads(connection: PoolConnection): Promise<number> {
  const [rows] = await connection.query<RowDataPacket[]>("SHOW SESSION STATUS LIKE 'Handler_read%'");
  return rows.reduce((sum, row) => sum + Number(row.Value), 0);
}
