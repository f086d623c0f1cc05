import { once } from 'node:events';
import { Client, credentials, status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import type { Database } from '../../daemon/redis/nodes';
import { Decision } from '../../gen/quota/v1/quota_service';
import type { TestDaemon } from '../helpers/daemon';
import { failingPolicies } from '../helpers/failing_policies';
import { watchHealth } from '../helpers/health';
import { closedAfterEach } from '../helpers/opened';
import { createQuotaClient, failureOf } from '../helpers/quota_client';
import { onMasters, openDatabase } from '../helpers/redis';
import { until, within } from '../helpers/wait';

const opened = closedAfterEach();

const connection = { subject: '42', policy: 'connection' };

async function start(env: Record<string, string> = {}) {
  const redis = await opened.store();
  const operator = opened.closed(openDatabase(redis.url), (connected) => connected.disconnect());
  const daemon = await opened.daemon({ redisUrl: redis.url, policies: failingPolicies('deny'), env });
  const health = opened.closed(watchHealth(daemon.target), (watch) => watch.close());
  await health.reached('SERVING');
  return { operator, daemon, health };
}

/** How long the daemon waits for calls in flight, and for nothing else. */
const DRAIN_BOUND_MS = 10_000;

/** Long enough for a newcomer to connect and be answered, on a busy machine as well. */
const DELAY_MS = 5_000;

/** When the daemon logged a message. */
function timeOf({ log }: TestDaemon, message: string): number {
  return Number(log.find(({ msg }) => msg === message)?.time);
}

/** Asks the daemon to stop, as systemd and Kubernetes do. */
async function terminate(daemon: TestDaemon): Promise<void> {
  daemon.process.kill('SIGTERM');
  await until('the drain', () => daemon.log.some(({ msg }) => msg === 'draining'));
}

async function exitOf({ process }: TestDaemon): Promise<[code: number | null, signal: string | null]> {
  if (process.exitCode !== null) return [process.exitCode, null];
  return (await within('the exit', once(process, 'exit'))) as [number | null, string | null];
}

/** Holds every script until `CLIENT UNPAUSE`; resolves, once work is asked for, when Redis has it. */
async function hold<T>(operator: Database, work: () => T): Promise<T> {
  await onMasters(operator, (master) => master.client('PAUSE', 10_000, 'WRITE'));
  const asked = work();
  await until('a call that waits for Redis', async () => {
    const infos = await onMasters(operator, (master) => master.info('clients'));
    return infos.some((info) => !/blocked_clients:0/.test(info));
  });
  return asked;
}

/** A reflection stream of a client that asks for nothing, and stays. */
function openReflection(target: string): { close(): void } {
  const client = new Client(target, credentials.createInsecure());
  const identity = (bytes: Buffer) => bytes;
  const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
  const stream = client.makeBidiStreamRequest(path, identity, identity);
  stream.on('error', () => undefined);
  stream.on('data', () => undefined);
  return {
    close() {
      stream.cancel();
      client.close();
    },
  };
}

describe('a daemon that is asked to stop', () => {
  test('calls in flight are answered before it exits with 0', async () => {
    const { operator, daemon } = await start();
    const pending = await hold(operator, () =>
      Array.from({ length: 5 }, () => daemon.client.admit(connection)),
    );

    await terminate(daemon);
    await onMasters(operator, (master) => master.client('UNPAUSE'));

    const answers = await Promise.all(pending);
    expect(answers.map(({ decision }) => decision)).toEqual(Array(5).fill(Decision.ADMITTED));
    expect(await exitOf(daemon)).toEqual([0, null]);
  });

  test('a call in flight that Redis never answers fails before the daemon exits with 0', async () => {
    const { operator, daemon } = await start();
    const pending = await hold(operator, () => [failureOf(daemon.client.admit(connection))]);

    await terminate(daemon);

    expect(await pending[0]).toMatchObject({ code: status.UNAVAILABLE, reason: 'STORE_UNAVAILABLE' });
    expect(await exitOf(daemon)).toEqual([0, null]);
  });

  test('watchers of the health receive NOT_SERVING', async () => {
    const { daemon, health } = await start();

    await terminate(daemon);
    await health.reached('NOT_SERVING');

    expect(health.seen.slice(-2)).toEqual(['SERVING', 'NOT_SERVING']);
  });

  test('a delay before the port is closed is NOT_SERVING meanwhile and new connections still served', async () => {
    const { daemon, health } = await start({ QUOTA_DRAIN_DELAY_MS: String(DELAY_MS) });
    await terminate(daemon);
    await health.reached('NOT_SERVING');
    const newcomer = opened.closed(createQuotaClient(daemon.target), (client) => client.close());
    const answer = await newcomer.admit(connection);

    expect(answer.decision).toBe(Decision.ADMITTED);
    expect(await exitOf(daemon)).toEqual([0, null]);
    await until('its last line', () => daemon.log.some(({ msg }) => msg === 'stopped'));
    const [begunMs, endedMs] = ['draining', 'stopped'].map((msg) => timeOf(daemon, msg));
    expect((endedMs ?? Number.NaN) - (begunMs ?? Number.NaN)).toBeGreaterThanOrEqual(DELAY_MS);
  });

  test('exits with 0 well before its bound although clients hold a watch of the health and a reflection open', async () => {
    const { daemon, health } = await start();
    opened.closed(openReflection(daemon.target), (reflection) => reflection.close());
    await daemon.client.admit(connection);

    await terminate(daemon);

    expect(await exitOf(daemon)).toEqual([0, null]);
    await until('its last line', () => daemon.log.some(({ msg }) => msg === 'stopped'));
    // By its own clock: one that waited for the bound would take at least as long as that.
    const [begunMs, endedMs] = ['draining', 'stopped'].map((msg) => timeOf(daemon, msg));
    expect((endedMs ?? Number.NaN) - (begunMs ?? Number.NaN)).toBeLessThan(DRAIN_BOUND_MS);
    await until('the end of the watch', () => health.hasEnded);
  });

  test('new calls during the drain, refused on old connections and new ones', async () => {
    const { operator, daemon } = await start();
    const [pending] = await hold(operator, () => [daemon.client.admit(connection)]);
    await terminate(daemon);
    const newcomer = opened.closed(createQuotaClient(daemon.target), (client) => client.close());

    const refused = await Promise.all(
      [newcomer, daemon.client].map((client) => failureOf(client.admit(connection))),
    );
    await onMasters(operator, (master) => master.client('UNPAUSE'));
    await pending?.catch(() => undefined);

    expect(refused).toMatchObject(Array(2).fill({ code: status.UNAVAILABLE, reason: undefined }));
    expect(await exitOf(daemon)).toEqual([0, null]);
  });

  test('still finishes if it is asked to stop twice', async () => {
    const { daemon } = await start();
    await terminate(daemon);
    daemon.process.kill('SIGINT');

    expect(await exitOf(daemon)).toEqual([0, null]);
  });
});
