import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { Decision } from '../../gen/quota/v1/quota_service';
import { createAdminClient } from '../helpers/admin_client';
import { watchHealth } from '../helpers/health';
import { closedAfterEach } from '../helpers/opened';
import { admitInTheEnd, failureOf } from '../helpers/quota_client';
import { onMasters, openDatabase } from '../helpers/redis';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

const inPartitions = (count: number) => ({ QUOTA_PARTITIONS: String(count) });

const POLICIES = `
policies:
  connection:
    limits:
      - { name: per-window, algorithm: sliding-window, limit: 40, window: 10m }
`;

async function start() {
  const redis = await opened.store();
  const operator = opened.closed(openDatabase(redis.url), (connected) => connected.disconnect());
  const empty = () => onMasters(operator, (master) => master.flushall());
  const startDaemon = (partitions: number) =>
    opened.daemon({ redisUrl: redis.url, policies: POLICIES, env: inPartitions(partitions) });
  /** Empties the store, and starts another daemon on it before the running one has noticed. */
  async function startOnEmptied(partitions: number, { process: running }: { process: ChildProcess }) {
    running.kill('SIGSTOP');
    await empty();
    const daemon = await startDaemon(partitions);
    running.kill('SIGCONT');
    return daemon;
  }
  return { empty, startDaemon, startOnEmptied };
}

const connection = (subject: string) => ({ subject, policy: 'connection', requestId: randomUUID() });

describe('a store that is emptied under a running daemon', () => {
  test('claimed anew, and decides from an empty one again', async () => {
    const { empty, startDaemon } = await start();
    const daemon = await startDaemon(1);
    await admitInTheEnd(daemon.client, connection('42'));
    await empty();

    const { decision, limits } = await admitInTheEnd(daemon.client, connection('42'));

    expect([decision, limits[0]?.remaining]).toEqual([Decision.ADMITTED, 39]);
    await until('the reason in the log', () =>
      daemon.log.some(({ msg }) => /was emptied or replaced/.test(String(msg))),
    );
  });

  test('without any admission: the statistics are read again', async () => {
    const { empty, startDaemon } = await start();
    const daemon = await startDaemon(1);
    await admitInTheEnd(daemon.client, connection('42'));
    await empty();

    await until('the statistics of an empty store', async () => {
      const stats = await daemon.client.stats().catch(() => undefined);
      return stats?.topUsers.length === 0;
    });
  });

  test('claimed by a daemon with other partitions first: the running one never decides, and says so', async () => {
    const { startDaemon, startOnEmptied } = await start();
    const first = await startDaemon(1);
    const health = opened.closed(watchHealth(first.target), (watch) => watch.close());
    await health.reached('SERVING');
    await admitInTheEnd(first.client, connection('42'));
    const second = await startOnEmptied(4, first);

    const answers = [];
    for (let call = 0; call < 50; call += 1)
      answers.push(await admitInTheEnd(second.client, connection('42')));
    const failures = [];
    for (let call = 0; call < 5; call += 1)
      failures.push(await failureOf(first.client.admit(connection('42'))));

    expect(answers.filter(({ decision }) => decision === Decision.ADMITTED)).toHaveLength(40);
    expect(new Set(failures.map(({ code }) => code))).toEqual(new Set([status.UNAVAILABLE]));
    await health.reached('NOT_SERVING');
    await until('the reason in the log', () =>
      first.log.some(({ reason }) => /was started with 4, and keeps that number/.test(String(reason))),
    );
  });

  test('claimed by another daemon first: what an operator asks of the running one changes nothing', async () => {
    const { startDaemon, startOnEmptied } = await start();
    const first = await startDaemon(1);
    const second = await startOnEmptied(4, first);
    const override = { subject: '42', policy: 'connection', limitName: 'per-window', limit: 1 };
    const admin = opened.closed(createAdminClient(first.target), (client) => client.close());

    expect(await failureOf(admin.setOverride(override))).toMatchObject({ code: status.UNAVAILABLE });
    expect((await admitInTheEnd(second.client, connection('42'))).limits[0]?.limit).toBe(40);
  });

  test('claimed anew by the running daemon: another number of partitions is rejected, a restart of the first works', async () => {
    const { empty, startDaemon } = await start();
    const first = await startDaemon(1);
    await empty();
    await admitInTheEnd(first.client, connection('42'));

    await expect(startDaemon(4)).rejects.toThrow(/QUOTA_PARTITIONS is 4, but this store was started with 1/);
    await first.stop();
    const again = await startDaemon(1);

    expect((await admitInTheEnd(again.client, connection('42'))).limits[0]?.remaining).toBe(38);
  });
});
