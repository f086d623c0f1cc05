import { join } from 'node:path';
import { createVisitor, type Visitor } from '../../../scripts/demo/visitor';
import { type Running, waitUntilReady } from '../../../scripts/processes/processes';
import { isAnswering, isServing } from '../../../scripts/servers/health';
import { choosePort } from '../../../scripts/servers/ports';
import type { ServerWish } from '../../../scripts/servers/server';
import { testEnvironmentWith } from '../../../scripts/settings/config';
import { root } from '../../../scripts/settings/paths';
import type { Say } from '../figures/report';
import { type Markets, sayRatio } from './market';
import { BUYER, type StockedMarket } from './stocked_market';
import { ratioOf, type Work } from './timing';

const START_BOUND_MS = 30_000;

/** The page of what is for sale: the list, how many there are, and the meter that the daemon fills. */
const PAGE = '/services/achat';

const ADDRESSES = [
  ['whole page over HTTP, newest', PAGE],
  ['whole page over HTTP, two frequent words', `${PAGE}?q=le+livre&sort=cheapest`],
] as const;

/** What starts, and in the end stops, a web tier for each market and a daemon that both ask. */
export type Place = ServerWish & { redisUrl: string };

/** Reports how long a visitor waits for whole pages of the large market, as ratios to the small one. */
export async function benchPages({ few, many }: Markets, place: Place, say: Say): Promise<void> {
  const daemon = await startDaemon(place);
  const visitors = {
    few: (await logIn((await startWeb({ ...place, name: 'web_few', daemon, market: few })).target)).read,
    many: (await logIn((await startWeb({ ...place, name: 'web_many', daemon, market: many })).target)).read,
  };
  for (const [what, address] of ADDRESSES)
    sayRatio(say, what, await ratioOf({ base: visitors.few(address), compared: visitors.many(address) }));
}

/** Returns the daemon's address: HOST:PORT. */
export async function startDaemon(place: Place): Promise<string> {
  const port = await choosePort({ folder: place.folder, name: 'daemon', first: place.firstPort });
  const target = `127.0.0.1:${port}`;
  const env = { REDIS_URL: place.redisUrl, QUOTA_LISTEN: target, QUOTA_HTTP_LISTEN: '127.0.0.1:0' };
  const running = launch(place, { name: 'daemon', program: 'daemon', env });
  await waitUntilReady(running, () => isServing(target), START_BOUND_MS);
  return target;
}

/** A running web tier: its address, HOST:PORT, and its process. */
export type RunningWeb = { target: string; pid: number };

type WebWish = Place & {
  name: string;
  daemon: string;
  market: StockedMarket;
  /** The compiled main.js of the web tier, if it is not this one's. */
  main?: string;
};

export async function startWeb(wish: WebWish): Promise<RunningWeb> {
  const { name, daemon, market, main } = wish;
  const port = await choosePort({ folder: wish.folder, name, first: wish.firstPort });
  const target = `127.0.0.1:${port}`;
  const env = {
    MYSQL_URL: market.url,
    QUOTA_TARGET: daemon,
    WEB_LISTEN: target,
    WEB_METRICS_LISTEN: '127.0.0.1:0',
  };
  const running = launch(wish, { name, program: 'web', env, main });
  await waitUntilReady(running, () => isAnswering(target), START_BOUND_MS);
  if (running.pid === undefined) throw new Error('the web tier could not be started');
  return { target, pid: running.pid };
}

type Launch = {
  name: string;
  program: 'daemon' | 'web';
  env: Record<string, string>;
  main?: string | undefined;
};

function launch({ supervisor, folder }: Place, { name, program, env, main }: Launch): Running {
  return supervisor.launch({
    name,
    folder,
    command: process.execPath,
    args: [main ?? join(root, 'dist', program, 'main.js')],
    cwd: root,
    env: testEnvironmentWith(env),
  });
}

/** Logs the buyer in: the visitor, and the work of reading the page at an address. */
export async function logIn(target: string): Promise<{ visitor: Visitor; read: (address: string) => Work }> {
  const visitor = createVisitor(`http://${target}`);
  await visitor.open('/login');
  const { status } = await visitor.send('/login', { email: BUYER.email, password: BUYER.password });
  if (status !== 303) throw new Error(`the login was answered with ${status}`);
  const read = (address: string) => async () => {
    const page = await visitor.open(address);
    if (!page.includes('class="article"'))
      throw new Error(`${address} lists nothing, so nothing is measured`);
  };
  return { visitor, read };
}
