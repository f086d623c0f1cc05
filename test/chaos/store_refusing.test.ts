import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { Decision } from '../../gen/quota/v1/quota_service';
import type { TestDaemon } from '../helpers/daemon';
import { failingPolicies } from '../helpers/failing_policies';
import { type HealthStatus, watchHealth } from '../helpers/health';
import { closedAfterEach } from '../helpers/opened';
import { admitInTheEnd, failureOf } from '../helpers/quota_client';
import { onMasters, openDatabase } from '../helpers/redis';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

/** After a trial that failed, the next one fails this much later at the earliest. */
const RETRIED_AFTER_MS = 300;

/** Nobody listens there. */
const NOWHERE_PORT = 1;

const request = { subject: '42', policy: 'connection' };

async function startStore() {
  const store = await opened.store();
  const operator = opened.closed(openDatabase(store.url), (connected) => connected.disconnect());
  return { store, operator };
}

async function startRedis() {
  const redis = await opened.redis();
  const operator = opened.closed(new Redis(redis.url), (connected) => connected.disconnect());
  return { redis, operator };
}

async function startOn(redisUrl: string, env: Record<string, string> = {}) {
  const daemon = await opened.daemon({ redisUrl, policies: failingPolicies('deny'), env });
  const health = opened.closed(watchHealth(daemon.target), (watch) => watch.close());
  await health.reached('SERVING');
  return { daemon, health };
}

async function readyz({ httpUrl }: TestDaemon): Promise<number> {
  return (await fetch(`${httpUrl}/readyz`)).status;
}

/** One name for a server that can be moved: open connections are not moved. */
async function startName(port: number): Promise<{ url: string; moveTo(port: number): void }> {
  let target = port;
  const server = createServer((socket) => {
    const onward = connect(target, '127.0.0.1');
    socket.pipe(onward).pipe(socket);
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      one.on('error', () => undefined);
      one.on('close', () => other.destroy());
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.closed(server, () => server.close());
  const { port: own } = server.address() as AddressInfo;
  return {
    url: `redis://127.0.0.1:${own}/0`,
    moveTo(next) {
      target = next;
    },
  };
}

describe('a daemon whose Redis answers, and takes no writes', () => {
  test('a replica is NOT_SERVING and not ready until it is a primary again', async () => {
    const { store } = await startStore();
    const { daemon, health } = await startOn(store.url);

    await store.stopWrites();
    await health.reached('NOT_SERVING');
    expect((await failureOf(daemon.client.admit(request))).code).toBe(status.UNAVAILABLE);
    expect(await readyz(daemon)).toBe(503);

    await store.takeWrites();
    await health.reached('SERVING');
    await until('ready again', async () => (await readyz(daemon)) === 200);
  });

  test('a Redis without memory left is NOT_SERVING and not ready until it has some', async () => {
    const { store, operator } = await startStore();
    const { daemon, health } = await startOn(store.url);

    await onMasters(operator, (master) => master.config('SET', 'maxmemory', '1'));
    await health.reached('NOT_SERVING');
    expect((await failureOf(daemon.client.admit(request))).code).toBe(status.UNAVAILABLE);
    expect(await readyz(daemon)).toBe(503);

    await onMasters(operator, (master) => master.config('SET', 'maxmemory', '0'));
    await health.reached('SERVING');
    await until('ready again', async () => (await readyz(daemon)) === 200);
  });

  test('a failover behind one name, SERVING by the new primary though the old one stays reachable', async () => {
    const old = await startRedis();
    const next = await startRedis();
    await next.operator.replicaof('127.0.0.1', String(old.redis.port));
    await until('the copy', async () =>
      /master_link_status:up/.test(await next.operator.info('replication')),
    );
    const name = await startName(old.redis.port);
    const { daemon, health } = await startOn(name.url);

    // The new one is promoted last, or all could be over before anybody sees it.
    name.moveTo(next.redis.port);
    await old.operator.replicaof('127.0.0.1', String(NOWHERE_PORT));
    await health.reached('NOT_SERVING');
    await next.operator.replicaof('NO', 'ONE');
    await health.reached('SERVING');

    expect((await admitInTheEnd(daemon.client, request)).decision).toBe(Decision.ADMITTED);
    expect(await next.operator.keys('taken:*')).toHaveLength(1);
  });

  test('a silence that is over by the second trial is SERVING throughout', async () => {
    const { store } = await startStore();
    const shown: { health: HealthStatus[]; readyz: number }[] = [];
    const thawAfterOneTrial = async () => {
      const { daemon, health } = await startOn(store.url, { LOG_LEVEL: 'debug' });
      store.freeze();
      const failed = () => daemon.log.find(({ msg }) => msg === 'probe failed');
      await until('a trial that fails', () => failed() !== undefined);
      store.thaw();
      const silentMs = Date.now() - Number(failed()?.time);
      expect((await admitInTheEnd(daemon.client, request)).decision).toBe(Decision.ADMITTED);
      const seen = health.seen.slice(health.seen.indexOf('SERVING'));
      shown.push({ health: seen, readyz: await readyz(daemon) });
      // On a busy machine the second trial may have begun long before.
      return silentMs < RETRIED_AFTER_MS;
    };
    await until('a silence that is over in time', thawAfterOneTrial);

    expect(shown.at(-1)).toEqual({ health: ['SERVING'], readyz: 200 });
  });
});
