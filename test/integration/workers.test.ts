import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { WatchDecisionsResponse } from '../../gen/quota/v1/quota_admin_service';
import { Decision } from '../../gen/quota/v1/quota_service';
import { createAdminClient } from '../helpers/admin_client';
import { startDaemon } from '../helpers/daemon';
import { closedAfterEach } from '../helpers/opened';
import { createQuotaClient, type QuotaClient } from '../helpers/quota_client';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

const CLIENT_COUNT = 8;

/** A daemon of two workers, and clients that reach both. */
async function start({ policies }: { policies?: string } = {}) {
  const space = opened.space();
  const daemon = await opened.daemon({
    redisUrl: space.url,
    prefix: space.prefix,
    ...(policies !== undefined && { policies }),
    env: { QUOTA_WORKERS: '2' },
  });
  const ports = () => daemon.log.filter(({ msg }) => msg === 'listening');
  await until('both workers listen', () => ports().length === 2);
  const clients = Array.from({ length: CLIENT_COUNT }, (_, index) =>
    // Channels with the same options would share one connection.
    opened.closed(createQuotaClient(daemon.target, { channelId: index }), (client) => client.close()),
  );
  const workerPids = () => ports().map(({ pid }) => Number(pid));
  return { daemon, clients, ports, workerPids };
}

const policiesOf = (limit: number) => `
policies:
  connection:
    limits: [{ name: per-window, algorithm: sliding-window, limit: ${limit}, window: 10m }]
`;

function admitAll(clients: readonly QuotaClient[], count: number, subject = '42') {
  return Promise.all(
    Array.from({ length: count }, (_, index) => {
      const client = clients[index % clients.length] as QuotaClient;
      return client.admit({ subject, policy: 'connection', requestId: randomUUID() });
    }),
  );
}

function admittedCount(answers: readonly { decision: Decision }[]): number {
  return answers.filter(({ decision }) => decision === Decision.ADMITTED).length;
}

describe('a daemon of two workers', () => {
  test('calls through both have one port, and decisions as exact as of one', async () => {
    const { clients, ports } = await start();

    const answers = await admitAll(clients, 40);

    expect(new Set(ports().map(({ port }) => port)).size).toBe(1);
    expect(admittedCount(answers)).toBe(10);
  });

  test('its metrics are those of both added up', async () => {
    const { daemon, clients } = await start();
    await admitAll(clients, 40);

    const text = await (await fetch(`${daemon.httpUrl}/metrics`)).text();

    expect(text).toContain('quota_decisions_total{policy="connection",verdict="admitted"} 10');
    expect(text).toContain('quota_decisions_total{policy="connection",verdict="denied"} 30');
    expect(text).toMatch(/quota_ready\{part="grpc"\} 1\n/);
    expect((await fetch(`${daemon.httpUrl}/readyz`)).status).toBe(200);
  });

  test('a worker that is killed is replaced while calls go on', async () => {
    const { clients, workerPids } = await start();
    const [first = 0] = workerPids();

    process.kill(first, 'SIGKILL');
    await until('another listens', () => workerPids().length === 3);

    const asked = async (client: QuotaClient) => {
      // The connection to the worker that died is found broken by the first call.
      await until('an answer', async () => {
        const answer = client.admit({ subject: randomUUID(), policy: 'connection' });
        return answer.then(
          () => true,
          () => false,
        );
      });
    };
    await Promise.all(clients.map(asked));
  });

  test('its policies file is read by one process, and applies in all', async () => {
    const { daemon, clients } = await start({ policies: policiesOf(10) });

    daemon.writePolicies(policiesOf(20));
    await until('it is reloaded', () => daemon.log.some(({ msg }) => msg === 'policies reloaded'));
    await until('each connection has the new limit', async () => {
      const answers = await admitAll(clients, CLIENT_COUNT, randomUUID());
      return answers.every(({ limits: [limit] }) => limit?.limit === 20);
    });

    expect(daemon.log.filter(({ msg }) => msg === 'policies reloaded')).toHaveLength(1);
    const text = await (await fetch(`${daemon.httpUrl}/metrics`)).text();
    expect(text).toContain('quota_policies_reloads_total{result="taken"} 1\n');
    expect(text.match(/^quota_policies_info\{/gm)).toHaveLength(1);
  });

  test('a worker that is replaced while the policies file is invalid has the policies of the others', async () => {
    const { daemon, clients, workerPids } = await start({ policies: policiesOf(10) });
    const rejections = () => daemon.log.filter(({ msg }) => msg === 'policies rejected, the old ones stay');
    daemon.writePolicies('policies: nonsense');
    await until('it is rejected', () => rejections().length > 0);

    const [first = 0] = workerPids();
    process.kill(first, 'SIGKILL');
    await until('another listens', () => workerPids().length === 3);

    await until('each connection is answered by the old policies', async () => {
      const answers = await admitAll(clients, CLIENT_COUNT, randomUUID()).catch(() => []);
      return answers.length === CLIENT_COUNT && answers.every(({ limits: [limit] }) => limit?.limit === 10);
    });
    expect(rejections()).toHaveLength(1);
    const text = await (await fetch(`${daemon.httpUrl}/metrics`)).text();
    expect(text).toContain('quota_policies_up_to_date 0\n');
  });

  test('a watcher at one worker receives the decisions of both', async () => {
    const { daemon, clients } = await start();
    const admin = opened.closed(createAdminClient(daemon.target), (client) => client.close());
    const told = new Set<string>();
    const stream = admin.watchDecisions({ policy: 'connection' });
    stream.on('data', ({ subject }: WatchDecisionsResponse) => told.add(subject));
    stream.on('error', () => undefined);

    // One subject for each connection, of which both workers have some.
    await until('the decisions of each connection are told', async () => {
      await Promise.all(
        clients.map((client, index) => client.admit({ subject: `of-${index}`, policy: 'connection' })),
      );
      return told.size === CLIENT_COUNT;
    });
    stream.cancel();
  });

  test('a port that cannot be used, the daemon ends and says why', async () => {
    const space = opened.space();
    const { daemon } = await start();

    const second = startDaemon({
      redisUrl: space.url,
      prefix: space.prefix,
      env: { QUOTA_WORKERS: '2', QUOTA_LISTEN: daemon.target },
    });

    await expect(second).rejects.toThrow('QUOTA_LISTEN');
  });

  test('asked to stop, all of it ends and has answered', async () => {
    const { daemon, clients, workerPids } = await start();
    await admitAll(clients, 8);

    const code = await daemon.stop();

    expect(code).toBe(0);
    expect(daemon.log.filter(({ msg, finished }) => msg === 'stopped' && finished === true)).toHaveLength(2);
    for (const pid of workerPids()) expect(() => process.kill(pid, 0)).toThrow();
  });
});
