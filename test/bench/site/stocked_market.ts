import { createConnection, type Pool, type PoolConnection } from 'mysql2/promise';
import { hashPassword } from '../../../web/accounts/passwords';
import { usersTable } from '../../../web/accounts/users';
import { connect } from '../../../web/database';
import { CATEGORIES, CONDITIONS } from '../../../web/market/article';
import { createMarket, type Market } from '../../../web/market/market';
import { wordsOf } from '../../../web/market/words';
import { migrate } from '../../../web/migrations';

/** The articles of one statement: far below what a server takes at once. */
const BATCH = 1_000;

/** One article in so many is sold. */
const SOLD_SHARE = 10;

const SELLER_ID = 1;

/** Who buys, and who logs in. */
export const BUYER = { id: 2, email: 'bob@example.org', password: 'a long enough password' } as const;

const THINGS = ['livre', 'guide', 'roman', 'film', 'cahier', 'atlas', 'manuel'];

/** A market with this many articles, in a separate database. */
export interface StockedMarket {
  readonly url: string;
  readonly count: number;
  readonly market: Market;
  close(): Promise<void>;
}

/** Makes the database on the server and fills it; the account may create databases. */
export async function stockMarket(serverUrl: string, count: number): Promise<StockedMarket> {
  const url = await createDatabase(serverUrl, `market_${count}`);
  const pool = connect(url);
  await migrate(pool);
  await addPeople(pool);
  const connection = await pool.getConnection();
  for (let first = 1; first <= count; first += BATCH)
    await insertArticles(connection, { first, last: Math.min(first + BATCH - 1, count) });
  connection.release();
  const market = createMarket({ pool, onCall: () => undefined });
  return { url, count, market, close: () => pool.end() };
}

async function createDatabase(serverUrl: string, name: string): Promise<string> {
  const connection = await createConnection(serverUrl);
  await connection.query(`CREATE DATABASE ${name}`);
  await connection.end();
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function addPeople(pool: Pool): Promise<void> {
  const users = usersTable(pool);
  const passwordHash = await hashPassword(BUYER.password);
  for (const email of ['ada@example.org', BUYER.email])
    await users.insert({ email, firstName: 'A', lastName: 'Student', role: 'student', passwordHash });
}

async function insertArticles(
  connection: PoolConnection,
  { first, last }: { first: number; last: number },
): Promise<void> {
  const articles = Array.from({ length: last - first + 1 }, (_, index) => articleOf(first + index));
  await connection.query(
    'INSERT INTO articles (id, seller_id, title, category, article_condition, price_cents, buyer_id, sold) VALUES ?',
    [
      articles.map((a) => [
        a.id,
        SELLER_ID,
        a.title,
        a.category,
        a.condition,
        a.priceCents,
        a.buyerId,
        a.sold,
      ]),
    ],
  );
  const words = articles
    .filter(({ buyerId }) => buyerId === null)
    .flatMap(({ id, title, priceCents }) => wordsOf(title).map((word) => [id, word, priceCents]));
  await connection.query('INSERT INTO article_words (article_id, word, price_cents) VALUES ?', [words]);
}

/** Article n: one of each kind in turn, at prices that leap about. */
function articleOf(n: number) {
  const isSold = n % SOLD_SHARE === 0;
  return {
    id: n,
    title: `Le ${THINGS[n % THINGS.length]} ${n}`,
    category: CATEGORIES[n % CATEGORIES.length],
    condition: CONDITIONS[n % CONDITIONS.length],
    // Prime to the range, so every price from 1 to 50 euros comes.
    priceCents: 100 + ((n * 7_919) % 4_900),
    buyerId: isSold ? BUYER.id : null,
    sold: isSold ? new Date() : null,
  };
}
