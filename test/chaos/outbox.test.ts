import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import type { RowDataPacket } from 'mysql2/promise';
import type { TestDaemon } from '../helpers/daemon';
import { openMarket, type TestMarket } from '../helpers/market';
import { closedAfterEach } from '../helpers/opened';
import type { QuotaClient } from '../helpers/quota_client';
import { type RecordingProxy, startRecordingProxy } from '../helpers/recording_proxy';
import type { RedisSpace } from '../helpers/redis';
import { until } from '../helpers/wait';
import { startWeb, type TestWeb } from '../helpers/web';

const opened = closedAfterEach();

const BATCH = 50;

/**
 * A call that was claimed before the crash waits for the end of its lease, some seconds, beside the starts of programs: the
 * last test starts eight, and each takes long on a Cluster and a busy machine.
 */
const LIMIT_MS = 240_000;

async function openParts(): Promise<{ space: RedisSpace; market: TestMarket }> {
  const space = opened.space();
  const market = opened.closed(await openMarket(), (opening) => opening.close());
  return { space, market };
}

async function openWeb({ url }: TestMarket, { target }: { target: string }): Promise<TestWeb> {
  return opened.closed(await startWeb({ mysqlUrl: url, quotaTarget: target }), (web) => web.stop());
}

async function openProxy({ client }: TestDaemon): Promise<RecordingProxy> {
  return opened.closed(await startRecordingProxy(client), (proxy) => proxy.close());
}

/** A Cluster has 300 partitions otherwise: on a busy machine each of many starts, and Stats, takes seconds. */
const env = { QUOTA_PARTITIONS: '4' };

function openDaemon({ url, prefix }: RedisSpace): Promise<TestDaemon> {
  return opened.daemon({ redisUrl: url, prefix, env });
}

async function kill({ process: child }: { process: ChildProcess }): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

async function waiting({ pool }: TestMarket): Promise<number> {
  const [rows] = await pool.query<RowDataPacket[]>('SELECT COUNT(*) AS waiting FROM outbox');
  return Number(rows[0]?.waiting);
}

function emptied(market: TestMarket): Promise<void> {
  return until('an empty outbox', async () => (await waiting(market)) === 0);
}

async function salesOf(client: QuotaClient): Promise<number | undefined> {
  const { services } = await client.stats();
  return services.find(({ service }) => service === 'vente')?.callCount;
}

describe('a call that was made', () => {
  test(
    'no daemon, the web tier is killed, both start again: counted once',
    async () => {
      const { space, market } = await openParts();
      const first = await openDaemon(space);
      const web = await openWeb(market, first);
      await kill(first);
      await market.sell();
      await kill(web);
      expect(await waiting(market)).toBe(1);

      const second = await openDaemon(space);
      await openWeb(market, second);
      await emptied(market);
      expect(await salesOf(second.client)).toBe(1);
      expect((await second.client.stats()).leastActiveUsers).toEqual([{ subject: '1', count: 1 }]);
    },
    LIMIT_MS,
  );

  test(
    'the web tier is killed while a frozen daemon has the call before it: counted once',
    async () => {
      const { space, market } = await openParts();
      const daemon = await openDaemon(space);
      const web = await openWeb(market, daemon);
      await market.sell();
      await emptied(market);
      // The way to the daemon is open, so the next call is on its way when the web tier dies.
      daemon.process.kill('SIGSTOP');
      opened.closed(daemon, ({ process: frozen }) => frozen.kill('SIGCONT'));
      await market.sell();
      await until('the call to be refused for lateness', () =>
        web.log.some(({ msg }) => msg === 'the quota daemon did not answer'),
      );
      await kill(web);
      daemon.process.kill('SIGCONT');
      expect(await waiting(market)).toBe(1);

      await openWeb(market, daemon);
      await emptied(market);
      expect(await salesOf(daemon.client)).toBe(2);
    },
    LIMIT_MS,
  );

  test(
    'the web tier is killed after the daemon recorded it and before it heard so: counted once',
    async () => {
      const { space, market } = await openParts();
      const daemon = await openDaemon(space);
      const proxy = await openProxy(daemon);
      proxy.isMute = true;
      const web = await openWeb(market, proxy);
      await market.sell();
      await until('the record', async () => (await salesOf(daemon.client)) === 1);
      await kill(web);
      expect(await waiting(market)).toBe(1);

      let repeats = 0;
      proxy.isMute = false;
      proxy.onCall = () => {
        repeats += 1;
      };
      await openWeb(market, proxy);
      await emptied(market);
      expect(repeats).toBeGreaterThanOrEqual(1);
      expect(await salesOf(daemon.client)).toBe(1);
    },
    LIMIT_MS,
  );

  test(
    'the daemon is killed in the middle of fifty: each counted once',
    async () => {
      const { space, market } = await openParts();
      for (let i = 0; i < BATCH; i += 1) await market.sell();
      const first = await openDaemon(space);
      const proxy = await openProxy(first);
      proxy.onCall = (number) => {
        if (number === BATCH / 2) first.process.kill('SIGKILL');
      };
      await openWeb(market, proxy);
      await once(first.process, 'exit');
      const second = await openDaemon(space);
      const left = await waiting(market);
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThan(BATCH);

      proxy.client = second.client;
      await emptied(market);
      expect(await salesOf(second.client)).toBe(BATCH);
      expect((await second.client.stats()).leastActiveUsers).toEqual([{ subject: '1', count: BATCH }]);
    },
    LIMIT_MS,
  );

  test(
    'daemon and web tier are killed again and again while students sell: each counted once',
    async () => {
      const { space, market } = await openParts();
      const ROUNDS = 3;
      for (let round = 0; round < ROUNDS; round += 1) {
        const daemon = await openDaemon(space);
        const web = await openWeb(market, daemon);
        const sales = Array.from({ length: BATCH }, () => market.sell());
        await sales[0];
        await kill(round % 2 === 0 ? web : daemon);
        await Promise.all(sales);
        await kill(round % 2 === 0 ? daemon : web);
      }
      const daemon = await openDaemon(space);
      await openWeb(market, daemon);
      await emptied(market);
      expect(await salesOf(daemon.client)).toBe(ROUNDS * BATCH);
    },
    LIMIT_MS,
  );
});
