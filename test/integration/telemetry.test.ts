import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { TestDaemon } from '../helpers/daemon';
import { failingPolicies } from '../helpers/failing_policies';
import { closedAfterEach } from '../helpers/opened';
import { type Family, parsePrometheusText } from '../helpers/prometheus_text';
import { promtool, testWithPromtool } from '../helpers/promtool';
import { failureOf } from '../helpers/quota_client';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

const ADMIT = 'method="quota.v1.QuotaService/Admit"';

async function textOf({ httpUrl }: TestDaemon): Promise<string> {
  return (await fetch(`${httpUrl}/metrics`)).text();
}

async function metricsOf(daemon: TestDaemon): Promise<Map<string, Family>> {
  return parsePrometheusText(await textOf(daemon));
}

/** The samples of one metric that are not 0, without its name. */
async function counted(daemon: TestDaemon, name: string): Promise<Record<string, number>> {
  const samples = [...((await metricsOf(daemon)).get(name)?.samples ?? [])];
  return Object.fromEntries(
    samples.filter(([, value]) => value !== 0).map(([series, value]) => [series.slice(name.length), value]),
  );
}

async function readiness({ httpUrl }: TestDaemon): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${httpUrl}/readyz`);
  return { status: response.status, body: await response.json() };
}

const ALL_READY = { redis_admissions: true, redis_calls: true, partitions: true, policies: true, grpc: true };

/** A daemon that was asked for twelve logins, of which its store answered each in time: others would be asked for again. */
async function twelveLogins(): Promise<TestDaemon> {
  const daemons: TestDaemon[] = [];
  await until('twelve logins without an error of the store', async () => {
    const { url: redisUrl, prefix } = opened.space();
    const daemon = await opened.daemon({ redisUrl, prefix });
    for (let login = 0; login < 12; login += 1)
      await daemon.client.admit({ subject: 'a-subject', policy: 'connection' });
    daemons.push(daemon);
    return Object.keys(await counted(daemon, 'quota_store_errors_total')).length === 0;
  });
  return daemons.at(-1) as TestDaemon;
}

describe('/metrics', () => {
  test('shows exactly twelve logins and a wrong policy after them', async () => {
    const daemon = await twelveLogins();
    await failureOf(daemon.client.admit({ subject: 'a-subject', policy: 'made-up' }));

    expect(await counted(daemon, 'quota_decisions_total')).toEqual({
      '{policy="connection",verdict="admitted"}': 10,
      '{policy="connection",verdict="denied"}': 2,
    });
    expect(await counted(daemon, 'quota_calls_total')).toEqual({
      [`{${ADMIT},code="OK"}`]: 12,
      [`{${ADMIT},code="NOT_FOUND"}`]: 1,
    });
    expect((await counted(daemon, 'quota_call_duration_seconds'))[`_count{${ADMIT}}`]).toBe(13);
    expect(await counted(daemon, 'quota_grpc_connections')).toEqual({ '': 1 });
    expect(await counted(daemon, 'quota_build_info')).toEqual({
      [`{version="0.1.0",node="${process.version}"}`]: 1,
    });
  });

  test('no name that a caller sends is in the metrics', async () => {
    const { url: redisUrl, prefix } = opened.space();
    const daemon = await opened.daemon({ redisUrl, prefix });
    const requestId = randomUUID();
    await daemon.client.admit({ subject: 'a-subject', policy: 'connection', requestId });
    await failureOf(daemon.client.admit({ subject: 'a-subject', policy: 'made-up' }));
    await failureOf(daemon.client.recordCall({ subject: 'a-subject', service: 'made-up' }));
    await daemon.client.batchAdmit([{ subject: 'a-subject', policy: 'made-up' }]);

    const text = await textOf(daemon);
    for (const sent of ['a-subject', requestId, 'made-up']) expect(text).not.toContain(sent);
  });

  test('a daemon that has decided has more than twenty metrics', async () => {
    const { url: redisUrl, prefix } = opened.space();
    const daemon = await opened.daemon({ redisUrl, prefix });
    await daemon.client.admit({ subject: '42', policy: 'connection' });

    expect((await metricsOf(daemon)).size).toBeGreaterThan(20);
  });

  testWithPromtool('promtool, nothing to say about them', async () => {
    const { url: redisUrl, prefix } = opened.space();
    const daemon = await opened.daemon({ redisUrl, prefix });
    await daemon.client.admit({ subject: '42', policy: 'connection' });

    expect(promtool(['check', 'metrics'], await textOf(daemon))).toEqual({ succeeded: true, text: '' });
  });

  test('a Redis that is frozen shows as errors of the store by kind and a call that was UNAVAILABLE', async () => {
    const redis = await opened.redis();
    const daemon = await opened.daemon({ redisUrl: redis.url, policies: failingPolicies('deny') });
    redis.freeze();
    await failureOf(daemon.client.admit({ subject: '42', policy: 'connection' }));

    expect(await counted(daemon, 'quota_store_errors_total')).toEqual({ '{kind="no_answer"}': 1 });
    expect(await counted(daemon, 'quota_calls_total')).toEqual({ [`{${ADMIT},code="UNAVAILABLE"}`]: 1 });
    expect(await counted(daemon, 'quota_decisions_total')).toEqual({});
    redis.thaw();
  });
});

describe('the probes', () => {
  test('a daemon that serves is alive and ready', async () => {
    const { url: redisUrl, prefix } = opened.space();
    const daemon = await opened.daemon({ redisUrl, prefix });

    expect((await fetch(`${daemon.httpUrl}/livez`)).status).toBe(200);
    expect(await readiness(daemon)).toEqual({
      status: 200,
      body: { ready: true, state: 'serving', parts: ALL_READY },
    });
  });

  test.each([
    ['deny', 503],
    ['admit', 200],
    ['local', 200],
  ] as const)(
    'a frozen Redis and policies that %s answer %i and which parts fail; afterwards it is ready',
    async (rule, code) => {
      const redis = await opened.redis();
      const daemon = await opened.daemon({ redisUrl: redis.url, policies: failingPolicies(rule) });
      redis.freeze();
      await until('not ready', async () => {
        const { parts } = (await readiness(daemon)).body as { parts: typeof ALL_READY };
        return !parts.redis_admissions && !parts.redis_calls;
      });

      expect(await readiness(daemon)).toEqual({
        status: code,
        body: {
          ready: code === 200,
          state: 'serving',
          parts: { ...ALL_READY, redis_admissions: false, redis_calls: false },
        },
      });
      expect((await fetch(`${daemon.httpUrl}/livez`)).status).toBe(200);
      redis.thaw();
      await until('ready again', async () => {
        const { status: ready, body } = await readiness(daemon);
        return ready === 200 && (body as { parts: typeof ALL_READY }).parts.redis_admissions;
      });
    },
  );

  test.each([
    ['GET', '/', 404],
    ['GET', '/metrics/', 404],
    ['POST', '/metrics', 405],
    ['HEAD', '/readyz', 200],
  ])('%s %s is answered with %d', async (method, path, status) => {
    const { url: redisUrl, prefix } = opened.space();
    const daemon = await opened.daemon({ redisUrl, prefix });
    expect((await fetch(`${daemon.httpUrl}${path}`, { method })).status).toBe(status);
  });
});

describe('the address of the metrics', () => {
  test('taken, the daemon exits with 1 and one line that names the variable', async () => {
    const { url: redisUrl, prefix } = opened.space();
    const first = await opened.daemon({ redisUrl, prefix });
    const taken = new URL(first.httpUrl).host;
    const second = opened.daemon({ redisUrl, prefix, env: { QUOTA_HTTP_LISTEN: taken } });

    await expect(second).rejects.toThrow(
      /^the program ended with 1:\nquota-daemon: QUOTA_HTTP_LISTEN: cannot listen on \S+: address in use\n$/,
    );
  });
});
