import { startMysql } from '../../../scripts/servers/mysql';
import { startRedis } from '../../../scripts/servers/redis';
import type { ServerWish } from '../../../scripts/servers/server';
import type { Say } from '../figures/report';
import { benchLists, benchPurchases } from './market';
import { benchPages } from './pages';
import { stockMarket } from './stocked_market';

const FIRST_MYSQL_PORT = 23_306;
const FIRST_PROGRAM_PORT = 25_000;

const FEW_ARTICLES = 1_000;
const MANY_ARTICLES = 100_000;
const QUICK_MANY_ARTICLES = 2_000;

/** What the market costs, in ratios of a large one to a small one. */
export async function benchSite(
  place: ServerWish,
  { isQuick, say }: { isQuick: boolean; say: Say },
): Promise<void> {
  const manyArticles = isQuick ? QUICK_MANY_ARTICLES : MANY_ARTICLES;
  const redis = await startRedis(place);
  const mysql = await startMysql({ ...place, firstPort: FIRST_MYSQL_PORT, mayCreateDatabases: true });
  say(`\nFilling a market with ${FEW_ARTICLES} articles, and one with ${manyArticles} …`);
  const few = await stockMarket(mysql.url, FEW_ARTICLES);
  const many = await stockMarket(mysql.url, manyArticles);
  try {
    await benchLists({ few, many }, say);
    // Before there is a web tier, whose relay would be at work beside it.
    await benchPurchases({ few, many }, say);
    const programs = { ...place, firstPort: FIRST_PROGRAM_PORT, redisUrl: redis.url };
    await benchPages({ few, many }, programs, say);
  } finally {
    await Promise.all([few.close(), many.close()]);
  }
}
