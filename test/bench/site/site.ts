import { join } from 'node:path';
import { startMysql } from '../../../scripts/servers/mysql';
import { startRedis } from '../../../scripts/servers/redis';
import type { ServerWish } from '../../../scripts/servers/server';
import { root } from '../../../scripts/settings/paths';
import type { Bench } from '../bench';
import type { SitePart } from '../figures/arguments';
import type { Say } from '../figures/report';
import { benchLists, benchPurchases } from './market';
import { benchPageCpu } from './page_cpu';
import { benchPages, type Place } from './pages';
import { type StockedMarket, stockMarket } from './stocked_market';

const FIRST_MYSQL_PORT = 23_306;
const FIRST_PROGRAM_PORT = 25_000;

const FEW_ARTICLES = 1_000;
const MANY_ARTICLES = 100_000;
const QUICK_MANY_ARTICLES = 2_000;

type SiteBench = {
  parts: ReadonlySet<SitePart>;
  /** The compiled main.js of an earlier web tier, to compare the pages with. */
  webBefore: string | undefined;
} & Pick<Bench, 'isQuick' | 'rounds' | 'say'>;

/** What the market costs, in ratios of a large one to a small one, and what each page costs, in ratios to an empty one. */
export async function benchSite(
  place: ServerWish,
  { parts, webBefore, isQuick, rounds, say }: SiteBench,
): Promise<void> {
  const redis = await startRedis(place);
  const mysql = await startMysql({ ...place, firstPort: FIRST_MYSQL_PORT, mayCreateDatabases: true });
  const programs = { ...place, firstPort: FIRST_PROGRAM_PORT, redisUrl: redis.url };
  say(`\nFilling a market with ${FEW_ARTICLES} articles …`);
  const few = await stockMarket(mysql.url, FEW_ARTICLES);
  try {
    if (parts.has('market')) await benchMarket({ few, mysqlUrl: mysql.url, programs }, { isQuick, say });
    const builds = { main: join(root, 'dist', 'web', 'main.js'), before: webBefore };
    if (parts.has('site'))
      await benchPageCpu({ market: few, place: programs, builds }, { isQuick, rounds, say });
  } finally {
    await few.close();
  }
}

type MarketBench = { few: StockedMarket; mysqlUrl: string; programs: Place };

async function benchMarket(
  { few, mysqlUrl, programs }: MarketBench,
  { isQuick, say }: { isQuick: boolean; say: Say },
): Promise<void> {
  const manyArticles = isQuick ? QUICK_MANY_ARTICLES : MANY_ARTICLES;
  say(`Filling a market with ${manyArticles} articles …`);
  const many = await stockMarket(mysqlUrl, manyArticles);
  try {
    await benchLists({ few, many }, say);
    // Before there is a web tier, whose relay would be at work beside it.
    await benchPurchases({ few, many }, say);
    await benchPages({ few, many }, programs, say);
  } finally {
    await many.close();
  }
}
