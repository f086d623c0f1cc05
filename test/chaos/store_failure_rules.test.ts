import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { type AdmitResponse, Decision } from '../../gen/quota/v1/quota_service';
import type { TestDaemon } from '../helpers/daemon';
import { startFreezingProxy } from '../helpers/freezing_proxy';
import { closedAfterEach } from '../helpers/opened';
import { failureOf } from '../helpers/quota_client';
import type { OwnRedis } from '../helpers/redis';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

const LIMIT = 5;

const POLICIES = `
services: [vente]
policies:
  denying:
    on_store_failure: deny
    limits: [{ name: only, algorithm: sliding-window, limit: ${LIMIT}, window: 10m }]
  admitting:
    on_store_failure: admit
    limits: [{ name: only, algorithm: sliding-window, limit: ${LIMIT}, window: 10m }]
  counting:
    on_store_failure: local
    records: connections
    limits: [{ name: only, algorithm: sliding-window, limit: ${LIMIT}, window: 10m }]
  filling:
    on_store_failure: local
    limits: [{ name: only, algorithm: token-bucket, limit: ${LIMIT}, window: 24h }]
`;

interface Fault {
  begin(): Promise<unknown>;
  end(): Promise<unknown>;
}

interface Stand {
  readonly redis: OwnRedis;
  readonly daemon: TestDaemon;
  readonly fault: Fault;
}

/** Starts a daemon on a Redis of its own; what makes the faults is given those. */
async function stand(faultOf: (redis: OwnRedis) => Promise<Fault & { url?: string }>): Promise<Stand> {
  const redis = await opened.redis();
  const { url = redis.url, ...fault } = await faultOf(redis);
  const daemon = await opened.daemon({ redisUrl: url, policies: POLICIES });
  return { redis, daemon, fault };
}

const killed = async (redis: OwnRedis) => ({ begin: redis.kill, end: redis.start });

const frozen = async (redis: OwnRedis) => ({
  begin: async () => redis.freeze(),
  end: async () => redis.thaw(),
});

const cutOff = async ({ port }: OwnRedis) => {
  const proxy = await startFreezingProxy({ host: '127.0.0.1', port });
  opened.closed(proxy, ({ close }) => close());
  return {
    url: `redis://127.0.0.1:${proxy.port}/0`,
    begin: async () => proxy.freeze(),
    end: async () => proxy.thaw(),
  };
};

function byCommands(begin: string[], end: string[]) {
  return async ({ url }: OwnRedis) => {
    const operator = opened.closed(new Redis(url), (client) => client.disconnect());
    return {
      begin: () => operator.call(begin[0] ?? '', ...begin.slice(1)),
      end: () => operator.call(end[0] ?? '', ...end.slice(1)),
    };
  };
}

const readOnly = byCommands(['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE']);
const full = byCommands(['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0']);

const FAULTS = [
  ['killed', killed],
  ['frozen', frozen],
  ['behind a network that passes nothing on', cutOff],
  ['read-only', readOnly],
  ['full', full],
] as const;

const verdicts = (answers: readonly AdmitResponse[]) => answers.map(({ decision }) => decision);

async function inTurn<Result>(count: number, ask: () => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (let call = 0; call < count; call += 1) results.push(await ask());
  return results;
}

/** Ends the fault, and waits until the store decides again and holds the journal. */
async function recover({ daemon, fault }: Stand): Promise<void> {
  await fault.end();
  await until('the store decides again', async () => {
    const answer = await daemon.client.admit({ subject: 'recovery', policy: 'counting' });
    return !answer.degraded;
  });
}

describe.each(FAULTS)('a store that is %s', (_, faultOf) => {
  test.each(['counting', 'filling'])(
    'local (%s): counted from what was known, and after the recovery',
    async (policy) => {
      const standing = await stand(faultOf);
      const { daemon, fault } = standing;
      const subject = randomUUID();
      const ask = () => daemon.client.admit({ subject, policy, requestId: randomUUID() });
      await inTurn(2, ask);
      await fault.begin();
      const during = await inTurn(LIMIT, ask);
      await recover(standing);
      const after = await ask();

      expect(verdicts(during)).toEqual([
        ...Array(LIMIT - 2).fill(Decision.ADMITTED),
        Decision.DENIED,
        Decision.DENIED,
      ]);
      expect(during[0]).toMatchObject({ degraded: true, limits: [{ remaining: 2 }] });
      expect(after).toMatchObject({ decision: Decision.DENIED, degraded: false, limits: [{ remaining: 0 }] });
    },
  );

  test('local: each admission is in the statistics once, and its repeat takes nothing', async () => {
    const standing = await stand(faultOf);
    const { daemon, fault } = standing;
    const subject = randomUUID();
    const requestId = randomUUID();
    await fault.begin();
    const ask = () => daemon.client.admit({ subject, policy: 'counting', requestId });
    const during = await inTurn(3, ask);
    await recover(standing);
    const repeat = await ask();
    const { subjectUsage } = await daemon.client.stats({ subject });

    expect(during.map(({ isRepeat }) => isRepeat)).toEqual([false, true, true]);
    expect(repeat).toMatchObject({ isRepeat: true, limits: [{ remaining: LIMIT - 1 }] });
    expect(subjectUsage).toMatchObject({ connectionCount: 1 });
  });

  test('admit: everything admitted, and counted after the recovery', async () => {
    const standing = await stand(faultOf);
    const { daemon, fault } = standing;
    const subject = randomUUID();
    const ask = () => daemon.client.admit({ subject, policy: 'admitting', requestId: randomUUID() });
    await fault.begin();
    const during = await inTurn(LIMIT + 2, ask);
    await recover(standing);

    expect(verdicts(during)).toEqual(Array(LIMIT + 2).fill(Decision.ADMITTED));
    expect(during.every(({ degraded }) => degraded)).toBe(true);
    expect(await ask()).toMatchObject({ decision: Decision.DENIED, degraded: false });
  });

  test('deny: UNAVAILABLE, and nothing taken', async () => {
    const standing = await stand(faultOf);
    const { daemon, fault } = standing;
    const subject = randomUUID();
    const ask = () => daemon.client.admit({ subject, policy: 'denying', requestId: randomUUID() });
    await fault.begin();
    const failures = await inTurn(LIMIT, () => failureOf(ask()));
    await recover(standing);

    expect(failures.map(({ code }) => code)).toEqual(Array(LIMIT).fill(status.UNAVAILABLE));
    expect((await ask()).decision).toBe(Decision.ADMITTED);
  });
});

describe('a store that is gone', () => {
  test('what only it can answer, UNAVAILABLE', async () => {
    const { daemon, fault } = await stand(killed);
    await fault.begin();

    expect(await failureOf(daemon.client.stats())).toMatchObject({ code: status.UNAVAILABLE });
    expect(
      await failureOf(daemon.client.recordCall({ subject: randomUUID(), service: 'vente' })),
    ).toMatchObject({ code: status.UNAVAILABLE });
  });

  test('two daemons and a restart, each process admits no more than the limit', async () => {
    const standing = await stand(killed);
    const { redis, daemon, fault } = standing;
    const options = { redisUrl: redis.url, policies: POLICIES };
    const others = [await opened.daemon(options), await opened.daemon(options)];
    const subject = randomUUID();
    const admittedBy = async ({ client }: TestDaemon) =>
      verdicts(
        await inTurn(LIMIT + 3, () => client.admit({ subject, policy: 'counting', requestId: randomUUID() })),
      ).filter((decision) => decision === Decision.ADMITTED).length;
    await fault.begin();
    const counts = [await admittedBy(daemon), await admittedBy(others[0] ?? daemon)];
    others[1]?.process.kill('SIGKILL');
    counts.push(await admittedBy(await opened.daemon(options)));
    await recover(standing);

    expect(counts).toEqual([LIMIT, LIMIT, LIMIT]);
    expect(await daemon.client.admit({ subject, policy: 'counting' })).toMatchObject({
      decision: Decision.DENIED,
      degraded: false,
    });
  });

  test('the log, says once that it is missing and once that it is back', async () => {
    const standing = await stand(killed);
    const { daemon, fault } = standing;
    const ask = () => daemon.client.admit({ subject: randomUUID(), policy: 'counting' });
    await fault.begin();
    await inTurn(5, ask);
    await recover(standing);
    await until('the log says so', () =>
      daemon.log.some(({ msg }) => String(msg).startsWith('the store decides again')),
    );

    expect(daemon.log.filter(({ msg }) => String(msg).startsWith('degraded:'))).toHaveLength(1);
  });
});

describe("a calls' database that is gone", () => {
  test('calls and statistics UNAVAILABLE; admissions as ever, and the daemon ready', async () => {
    const redis = await opened.redis();
    const calls = await opened.redis();
    const daemon = await opened.daemon({
      redisUrl: redis.url,
      policies: POLICIES,
      env: { REDIS_CALLS_URL: calls.url },
    });
    const subject = randomUUID();
    await calls.kill();
    await until('the part is not ready', async () => {
      const { parts } = (await (await fetch(`${daemon.httpUrl}/readyz`)).json()) as {
        parts: Record<string, boolean>;
      };
      return parts.redis_calls === false;
    });

    for (const policy of ['denying', 'counting'])
      expect(await daemon.client.admit({ subject, policy })).toMatchObject({
        decision: Decision.ADMITTED,
        degraded: false,
      });
    expect((await fetch(`${daemon.httpUrl}/readyz`)).status).toBe(200);
    const call = { subject, service: 'vente' };
    expect(await failureOf(daemon.client.recordCall(call))).toMatchObject({ code: status.UNAVAILABLE });
    expect(await failureOf(daemon.client.stats())).toMatchObject({ code: status.UNAVAILABLE });
  });
});
