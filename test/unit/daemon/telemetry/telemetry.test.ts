import { EventEmitter, once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createConnectionLimits } from '../../../../daemon/access/connection_limits';
import { serveHttp } from '../../../../daemon/telemetry/http';
import { openTelemetry, type Telemetry } from '../../../../daemon/telemetry/telemetry';
import { parsePrometheusText } from '../../../helpers/prometheus_text';

const opened: Telemetry[] = [];

afterEach(async () => {
  for (const telemetry of opened.splice(0)) await telemetry.stop();
});

function fakeRedis() {
  const events = new EventEmitter();
  return {
    isReady: () => true,
    onClose: (listener: () => void) => events.on('close', listener),
    emit: (event: 'close') => events.emit(event),
  };
}

const usable = () => true;

async function open({
  redis = { admissions: fakeRedis(), calls: fakeRedis() },
  isUsable = { admissions: usable, calls: usable },
} = {}): Promise<Telemetry & { readonly port: number }> {
  const telemetry = await openTelemetry({
    serve: (pages) => serveHttp({ listen: '127.0.0.1:0', ...pages }),
    redis,
    isUsable,
    policyNames: () => [],
    policiesDigest: () => 'digest',
    droppedLogLines: () => 0,
    methodNames: ['quota.v1.QuotaService/Admit'],
    certificateEnds: () => [],
    storeFindings: {},
  });
  opened.push(telemetry);
  const { port } = telemetry;
  if (port === undefined) throw new Error('nobody serves the pages');
  return { ...telemetry, port };
}

async function readiness({ port }: Telemetry): Promise<object> {
  const response = await fetch(`http://127.0.0.1:${port}/readyz`);
  return { status: response.status, ...((await response.json()) as object) };
}

const noLimits = createConnectionLimits({ total: 100, perAddress: () => 100 });

const PARTS = { redis_admissions: true, redis_calls: true, partitions: true, policies: true, grpc: true };

describe('openTelemetry', () => {
  test('a daemon that starts serves and drains, ready only in between', async () => {
    const telemetry = await open();
    expect(await readiness(telemetry)).toEqual({
      status: 503,
      ready: false,
      state: 'starting',
      parts: { ...PARTS, partitions: false, grpc: false },
    });

    telemetry.storeOpened(() => true);
    telemetry.serving({ port: 1, limits: noLimits, canDecide: usable });
    expect(await readiness(telemetry)).toMatchObject({ status: 200, state: 'serving', parts: PARTS });

    telemetry.draining();
    expect(await readiness(telemetry)).toEqual({
      status: 503,
      ready: false,
      state: 'draining',
      parts: { ...PARTS, grpc: false },
    });
  });

  test('if one database takes no writes, it is the one that is named', async () => {
    const telemetry = await open({ isUsable: { admissions: usable, calls: () => false } });

    expect(await readiness(telemetry)).toMatchObject({
      parts: { redis_admissions: true, redis_calls: false },
    });
  });

  test('a connection to Redis that is lost is counted', async () => {
    const admissions = fakeRedis();
    const telemetry = await open({ redis: { admissions, calls: fakeRedis() } });
    admissions.emit('close');

    const losses = parsePrometheusText(await telemetry.metrics.text()).get(
      'quota_redis_connection_losses_total',
    );
    expect([...(losses?.samples ?? [])]).toEqual([
      ['quota_redis_connection_losses_total{connection="admissions"}', 1],
      ['quota_redis_connection_losses_total{connection="calls"}', 0],
    ]);
  });

  test('a connection beyond the limit is closed and counted; one after the others have gone is accepted', async () => {
    const telemetry = await open();
    telemetry.serving({
      port: telemetry.port,
      limits: createConnectionLimits({ total: 2, perAddress: () => 2 }),
      canDecide: usable,
    });
    const sockets = [1, 2].map(() => connect(telemetry.port, '127.0.0.1'));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    const third = connect(telemetry.port, '127.0.0.1');
    third.on('error', () => undefined);
    await once(third, 'close');

    for (const socket of sockets) socket.destroy();
    expect((await refusalsOf(telemetry)).get('quota_grpc_refused_total{limit="connections"}')).toBe(1);
  });

  test('connections to the port of gRPC are counted while they are open', async () => {
    const telemetry = await open();
    // The pages' own port stands in for that of gRPC: what counts is that the port is the one.
    telemetry.serving({ port: telemetry.port, limits: noLimits, canDecide: usable });
    const count = async () =>
      parsePrometheusText(await telemetry.metrics.text())
        .get('quota_grpc_connections')
        ?.samples.get('quota_grpc_connections');
    const sockets = [1, 2, 3].map(() => connect(telemetry.port, '127.0.0.1'));
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
    await settled();
    expect(await count()).toBe(3);

    for (const socket of sockets.slice(1)) socket.destroy();
    await settled();
    expect(await count()).toBe(1);
    sockets[0]?.destroy();
  });
});

async function refusalsOf({ metrics }: Telemetry): Promise<ReadonlyMap<string, number>> {
  return parsePrometheusText(await metrics.text()).get('quota_grpc_refused_total')?.samples ?? new Map();
}

/** The other end of a socket hears of it a moment later. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 100));
}
