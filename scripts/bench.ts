import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { benchLists, benchPurchases } from '../test/bench/market';
import { benchPages } from '../test/bench/pages';
import { stockMarket } from '../test/bench/stocked_market';
import { benchStore } from '../test/bench/store';
import { DATABASE, ensurePrograms, REDIS_SERVER } from './services/install';
import { startMysql } from './services/mysql';
import { benchFolder } from './services/places';
import { stopLeftovers } from './services/processes';
import { startRedis } from './services/redis';
import type { ServerWish } from './services/server';
import { type Supervisor, supervised } from './services/supervisor';
import { runScript, say } from './services/terminal';

/** Apart from those of `npm start` and `npm test`, which may be running. */
const FIRST_REDIS_PORT = 36_379;
const FIRST_MYSQL_PORT = 33_306;
const FIRST_PROGRAM_PORT = 35_000;

/** By convention: 128 and the number of SIGINT. */
const INTERRUPTED = 130;

const FEW_ARTICLES = 1_000;
const MANY_ARTICLES = 100_000;

/** `npm run bench`: what the store and the market cost, on servers of its own. */
async function bench(): Promise<number> {
  mkdirSync(benchFolder, { recursive: true });
  await stopLeftovers(benchFolder);
  for (const data of ['redis', 'mysql']) rmSync(join(benchFolder, data), { recursive: true, force: true });
  return supervised({ work: measure, codeWhenStopped: INTERRUPTED });
}

async function measure(supervisor: Supervisor): Promise<number> {
  await supervisor.finish(() => ensurePrograms([REDIS_SERVER, DATABASE]));
  const place = { supervisor, folder: benchFolder };
  const redis = await startRedis({ ...place, firstPort: FIRST_REDIS_PORT });
  await benchStore(redis.url, say);
  const mysql = await startMysql({ ...place, firstPort: FIRST_MYSQL_PORT, mayCreateDatabases: true });
  await benchMarket({ ...place, firstPort: FIRST_PROGRAM_PORT, redisUrl: redis.url, mysqlUrl: mysql.url });
  return 0;
}

async function benchMarket({
  mysqlUrl,
  ...place
}: ServerWish & { redisUrl: string; mysqlUrl: string }): Promise<void> {
  say(`\nFilling a market with ${FEW_ARTICLES} articles, and one with ${MANY_ARTICLES} …`);
  const few = await stockMarket(mysqlUrl, FEW_ARTICLES);
  const many = await stockMarket(mysqlUrl, MANY_ARTICLES);
  try {
    await benchLists({ few, many }, say);
    // Before there is a web tier, whose relay would be at work beside it.
    await benchPurchases({ few, many }, say);
    await benchPages({ few, many }, place, say);
  } finally {
    await Promise.all([few.close(), many.close()]);
  }
}

void runScript(bench);
