import { Redis } from 'ioredis';
import { describeAlerts, type Stands } from '../helpers/alerts';
import { startCluster } from '../helpers/cluster';
import type { TestDaemon, TestDaemonOptions } from '../helpers/daemon';
import { failingPolicies } from '../helpers/failing_policies';
import { closedAfterEach } from '../helpers/opened';
import { overload } from '../helpers/overload';
import type { OwnRedis } from '../helpers/redis';
import { openClock, startShiftedRedis } from '../helpers/shifted_redis';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

const request = { subject: '42', policy: 'connection' };

async function start(options: Partial<TestDaemonOptions> = {}) {
  const redis = await opened.redis();
  const daemon = await opened.daemon({ redisUrl: redis.url, ...options });
  const operator = opened.closed(new Redis(redis.url), (client) => client.disconnect());
  operator.on('error', () => undefined);
  return { redis, daemon, operator };
}

/** Asks this often, one call after the other, and ignores the results. */
async function ask({ client }: TestDaemon, count: number): Promise<void> {
  for (let call = 0; call < count; call += 1) await client.admit(request).catch(() => undefined);
}

/** Asks once the daemon has noticed that its store is gone. */
async function askWithout(redis: OwnRedis, daemon: TestDaemon, count: number): Promise<void> {
  await redis.kill();
  await until('the circuit to open', () =>
    daemon.log.some(
      ({ msg, redis: name }) =>
        msg === 'redis is not used until a probe succeeds' && name === 'quota-admissions',
    ),
  );
  await ask(daemon, count);
}

const STANDS: Stands = {
  async QuotaStoreDown() {
    const { daemon, redis } = await start();
    return { metricsUrl: daemon.httpUrl, begin: redis.kill, labels: { part: 'redis_admissions' } };
  },
  async QuotaStoreErrors() {
    const { daemon, redis } = await start({ policies: failingPolicies('deny') });
    return {
      metricsUrl: daemon.httpUrl,
      begin: () => askWithout(redis, daemon, 60),
      labels: { kind: 'circuit_open' },
    };
  },
  async QuotaDegradedDecisions() {
    const { daemon, redis } = await start({ policies: failingPolicies('local') });
    return {
      metricsUrl: daemon.httpUrl,
      begin: () => askWithout(redis, daemon, 1),
      labels: { policy: 'connection' },
    };
  },
  async QuotaJournalDropped() {
    const { daemon, redis } = await start({ policies: failingPolicies('admit') });
    const begin = async () => {
      await askWithout(redis, daemon, 1);
      for (let sent = 0; sent <= 100; sent += 1) await daemon.client.batchAdmit(Array(1000).fill(request));
    };
    return { metricsUrl: daemon.httpUrl, begin };
  },
  async QuotaRedisReconnects() {
    const { daemon, operator } = await start();
    const begin = async () => {
      for (let cut = 1; cut <= 5; cut += 1) {
        const ready = () => daemon.log.filter(({ msg }) => msg === 'redis connection ready').length;
        const before = ready();
        await operator.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
        await until('the connections to be back', () => ready() >= before + 2);
      }
    };
    return { metricsUrl: daemon.httpUrl, begin, labels: { connection: 'admissions' } };
  },
  async QuotaHighLatency() {
    const { daemon, operator } = await start();
    await ask(daemon, 1);
    const begin = async () => {
      await operator.call('CLIENT', 'PAUSE', '150', 'ALL');
      await ask(daemon, 1);
    };
    return { metricsUrl: daemon.httpUrl, begin };
  },
  async QuotaInternalErrors() {
    const { daemon, operator } = await start();
    const begin = async () => {
      await operator.set('taken:{0}:connection:42', 'no sorted set');
      await ask(daemon, 1);
    };
    return { metricsUrl: daemon.httpUrl, begin, labels: { method: 'quota.v1.QuotaService/Admit' } };
  },
  async QuotaShedding() {
    const { daemon } = await start();
    return { metricsUrl: daemon.httpUrl, begin: async () => overload(opened, daemon) };
  },
  async QuotaStoreClockJumped() {
    const redis = opened.closed(await startShiftedRedis(), (each) => each.close());
    const daemon = await opened.daemon({ redisUrl: redis.url });
    await ask(daemon, 1);
    const begin = async () => {
      redis.shift(60_000);
      await ask(daemon, 1);
    };
    return { metricsUrl: daemon.httpUrl, begin };
  },
  async QuotaStoreClocksApart() {
    const clock = opened.closed(openClock(), (each) => each.close());
    const cluster = opened.closed(await startCluster({ replicas: 0, envs: [clock.env] }), (each) =>
      each.close(),
    );
    const daemon = await opened.daemon({ redisUrl: cluster.url, env: { QUOTA_PARTITIONS: '12' } });
    return { metricsUrl: daemon.httpUrl, begin: async () => clock.shift(1_000) };
  },
  async QuotaFoldLag() {
    const { daemon, operator } = await start();
    return { metricsUrl: daemon.httpUrl, begin: () => operator.set('usage:{0}:recent', 'no sorted set') };
  },
};

describeAlerts(opened, STANDS);
