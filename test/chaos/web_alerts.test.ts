import { newToken } from '../../daemon/access/tokens';
import { accessFile, createFolder } from '../helpers/access';
import { describeAlerts, type Stands } from '../helpers/alerts';
import { startFreezingProxy } from '../helpers/freezing_proxy';
import { openMarket } from '../helpers/market';
import { closedAfterEach } from '../helpers/opened';
import { startWeb } from '../helpers/web';

const opened = closedAfterEach();

const NO_DAEMON = '127.0.0.1:1';

/** A web tier, its market, and the way to MySQL between them. */
async function start({ quotaTarget = NO_DAEMON }: { quotaTarget?: string } = {}) {
  const market = opened.closed(await openMarket(), (each) => each.close());
  const url = new URL(market.url);
  const mysql = { host: url.hostname, port: Number(url.port) };
  const proxy = await startFreezingProxy(mysql);
  const close = once(proxy.close);
  opened.closed(proxy, close);
  Object.assign(url, { hostname: '127.0.0.1', port: String(proxy.port) });
  const web = opened.closed(await startWeb({ mysqlUrl: url.href, quotaTarget }), (each) => each.stop());
  return { web, market, loseMysql: close };
}

/** The work, which is done only the first time. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let done: Promise<T> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}

const STANDS: Stands = {
  async WebDown() {
    const { web } = await start();
    return { metricsUrl: web.metricsUrl, begin: web.stop, labels: { job: 'web' } };
  },
  async WebRefusedByDaemon() {
    const folder = opened.closed(createFolder(), (each) => each.remove());
    const identities = [{ name: 'another', role: 'caller', tokens: [newToken()] }] as const;
    const env = { QUOTA_ACCESS: folder.write('access.yaml', accessFile(identities)) };
    const space = opened.space();
    const { target } = await opened.daemon({ redisUrl: space.url, prefix: space.prefix, env });
    const { web, market } = await start({ quotaTarget: target });
    return {
      metricsUrl: web.metricsUrl,
      begin: () => market.sell(),
      labels: { code: 'UNAUTHENTICATED' },
    };
  },
  async WebServerErrors() {
    const { web, loseMysql } = await start();
    const begin = async () => {
      await loseMysql();
      // The first answer of a kind begins a counter, and only the next ones show as its increase.
      const ask = () => fetch(`${web.url}/services/achat`).catch(() => undefined);
      opened.closed(setInterval(ask, 100), clearInterval);
    };
    return { metricsUrl: web.metricsUrl, begin };
  },
  async WebMysqlDown() {
    const { web, loseMysql } = await start();
    return { metricsUrl: web.metricsUrl, begin: loseMysql };
  },
  async WebOutboxLate() {
    const { web, market } = await start();
    return { metricsUrl: web.metricsUrl, begin: () => market.sell() };
  },
};

describeAlerts(opened, STANDS);
