import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { newToken } from '../../daemon/access/tokens';
import { createSiteClient, type QuotaClient, type Stats } from '../../web/quota/client';
import { openQuotaCredentials, type QuotaCredentials } from '../../web/quota/credentials';
import { accessFile, createFolder } from '../helpers/access';
import { startDaemon, type TestDaemon } from '../helpers/daemon';
import { callsKeysOf } from '../helpers/layout';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';
import { until } from '../helpers/wait';

const TOKENS = { site: newToken(), caller: newToken() };
const folder = createFolder();
const logger = pino({ level: 'silent' });
const closers: (() => void)[] = [];
let space: RedisSpace;
let daemon: TestDaemon;
let client: QuotaClient;

beforeAll(async () => {
  space = openRedisSpace();
  const file = accessFile([
    { name: 'web', role: 'site', tokens: [TOKENS.site] },
    { name: 'old-web', role: 'caller', tokens: [TOKENS.caller] },
  ]);
  const env = { QUOTA_ACCESS: folder.write('access.yaml', file) };
  daemon = await startDaemon({ redisUrl: space.url, prefix: space.prefix, env });
  client = clientWith(TOKENS.site);
});
afterAll(async () => {
  for (const close of closers) close();
  await daemon.stop();
  await space.close();
  folder.remove();
});

function clientWith(token: string): QuotaClient {
  const tokenFile = folder.write(randomUUID(), token);
  const credentials: QuotaCredentials = openQuotaCredentials({ tls: undefined, tokenFile }, logger);
  const made = createSiteClient({ target: daemon.target, credentials, logger });
  closers.push(made.close, credentials.close);
  return made;
}

/** Asks until the statistics come in time: those of a Cluster are read from hundreds of partitions. */
async function statsInTheEnd(request: Parameters<QuotaClient['stats']>[0]): Promise<Stats> {
  let stats: Stats | undefined;
  await until('statistics in time', async () => {
    stats = await client.stats(request).catch(() => undefined);
    return stats !== undefined;
  });
  return stats as Stats;
}

describe('the web tier’s client and a daemon', () => {
  test('a subject that has connected twice sees what is left and when one more comes back', async () => {
    const subject = randomUUID();
    await client.admit({ subject, policy: 'connection' });
    await client.admit({ subject, policy: 'connection' });

    const [limit] = await client.limits({ subject, policy: 'connection' });
    const quotas = await client.quotas({ subject });

    expect(limit).toMatchObject({ name: 'per-window', limit: 10, remaining: 8, windowMs: 600_000 });
    expect(limit?.nextDelayMs).toBeGreaterThan(0);
    expect(limit?.nextDelayMs).toBeLessThan(limit?.resetDelayMs ?? 0);
    expect(quotas.map(({ policy, limits }) => [policy, limits[0]?.remaining])).toEqual([
      ['connection', 8],
      ['service-call', 10],
      ['login-attempt', 600],
      ['password-attempt', 10],
    ]);
  });

  test('a block that is lifted lets the subject in again', async () => {
    const subject = randomUUID();
    const ask = () => client.admit({ subject, policy: 'connection' });
    for (let i = 0; i < 10; i += 1) await ask();
    const blocked = await ask();

    const resetCount = await client.resetQuota({ subject, policy: 'connection' });

    expect([blocked.admitted, resetCount, (await ask()).admitted]).toEqual([false, 1, true]);
  });

  test('a call that is sent twice is counted once', async () => {
    const subject = randomUUID();
    const callTime = new Date(Date.now() - 3_600_000);
    const call = { subject, service: 'vente', requestId: randomUUID(), callTime };
    await client.recordCall(call);
    await client.recordCall(call);

    const keys = callsKeysOf(space);
    const { bySubject } = keys.calls(keys.partitionOf(subject));
    expect(await space.calls.zscore(bySubject, subject)).toBe('1');
  });

  test('two hours of decisions are returned with the rest', async () => {
    await client.admit({ subject: randomUUID(), policy: 'service-call' });

    const { hours, readTime, services } = await statsInTheEnd({ hourCount: 2 });

    const calls = hours.flatMap(({ policies }) => policies.filter(({ policy }) => policy === 'service-call'));
    expect(calls.reduce((sum, { admitted }) => sum + admitted, 0)).toBe(1);
    expect(hours.at(-1)?.startTime.getTime()).toBeLessThanOrEqual(readTime.getTime());
    expect(services.map(({ service }) => service).sort()).toEqual(['achat', 'vente']);
  });

  test('a token of a role that does not reach it is a failure', async () => {
    const old = clientWith(TOKENS.caller);

    await expect(old.limits({ subject: '42', policy: 'connection' })).rejects.toMatchObject({
      code: 'QUOTA_UNAVAILABLE',
    });
  });
});
