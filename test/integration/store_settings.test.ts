import { describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { startDaemon } from '../helpers/daemon';
import { closedAfterEach } from '../helpers/opened';
import type { OwnRedis } from '../helpers/redis';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

const RISK = 'settings of redis put promises at risk, or are unknown';
const SAFE = 'the settings of redis keep what it acknowledges';

/** A Redis that the daemon's promises can rely on, but for what is changed. */
async function safeRedis(changes: Record<string, string> = {}): Promise<{ server: OwnRedis; redis: Redis }> {
  const server = await opened.redis();
  const redis = opened.closed(new Redis(server.url), (each) => each.disconnect());
  await redis.config('SET', 'maxmemory', '100mb', 'maxmemory-policy', 'noeviction');
  for (const [name, value] of Object.entries(changes)) await redis.config('SET', name, value);
  return { server, redis };
}

const strict = { QUOTA_STRICT_STORE: '1' };

describe('the settings of Redis', () => {
  test('one that puts a promise at risk makes a line for each connection and a metric, and the daemon serves', async () => {
    const { server } = await safeRedis({ appendfsync: 'everysec' });
    const daemon = await opened.daemon({ redisUrl: server.url, prefix: '' });

    const linesNow = () => daemon.log.filter(({ msg }) => msg === RISK);
    await until('a line for each connection', () => linesNow().length >= 2);
    const lines = linesNow();
    expect(lines.map(({ redis }) => redis).sort()).toEqual(['quota-admissions', 'quota-calls']);
    expect(lines[0]?.settings).toEqual([expect.stringMatching(/^appendfsync at risk: if the machine dies/)]);
    const text = await (await fetch(`${daemon.httpUrl}/metrics`)).text();
    expect(text).toContain(
      'quota_store_setting{connection="admissions",setting="appendfsync",state="at_risk"} 1',
    );
    expect(text).toContain('quota_store_setting{connection="calls",setting="eviction",state="safe"} 1');
    expect((await fetch(`${daemon.httpUrl}/readyz`)).status).toBe(200);
  });

  test('a change is reported after the next connection; the same again, not', async () => {
    const { server, redis } = await safeRedis();
    const daemon = await opened.daemon({ redisUrl: server.url, prefix: '' });
    const linesOf = (message: string) =>
      daemon.log.filter(({ msg, redis }) => msg === message && redis === 'quota-admissions').length;
    const reconnect = async () => {
      const ready = () =>
        daemon.log.filter(
          ({ msg, redis }) => msg === 'redis connection ready' && redis === 'quota-admissions',
        ).length;
      const before = ready();
      await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await until('another connection', () => ready() > before);
    };
    await until('the first report', () => linesOf(SAFE) === 1);

    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await reconnect();
    await until('the report', () => linesOf(RISK) === 1);
    await reconnect();
    await redis.config('SET', 'maxmemory-policy', 'noeviction');
    await reconnect();
    await until('the other report', () => linesOf(SAFE) === 2);

    expect(linesOf(RISK)).toBe(1);
  });

  test('a Redis that forbids CONFIG is unknown', async () => {
    const { server, redis } = await safeRedis();
    await redis.call('ACL', 'SETUSER', 'quota', 'on', '>word', '~*', '&*', '+@all', '-config');
    const url = server.url.replace('//', '//quota:word@');
    const daemon = await opened.daemon({ redisUrl: url, prefix: '' });

    const report = () => daemon.log.find(({ msg }) => msg === RISK);
    await until('the report', () => report() !== undefined);
    expect(report()?.settings).toEqual(['appendfsync unknown: Redis does not say']);
    await expect(startDaemon({ redisUrl: url, prefix: '', env: strict })).rejects.toThrow(
      /appendfsync unknown/,
    );
  });

  test('QUOTA_STRICT_STORE: a start if all is safe, and none with every reason otherwise', async () => {
    const { server, redis } = await safeRedis();
    const daemon = await opened.daemon({ redisUrl: server.url, prefix: '', env: strict });
    expect(daemon.log.some(({ msg }) => msg === 'listening')).toBe(true);

    await redis.config('SET', 'maxmemory', '0');
    await redis.config('SET', 'maxmemory-policy', 'volatile-ttl');
    const start = startDaemon({ redisUrl: server.url, prefix: '', env: strict });

    await expect(start).rejects.toThrow(
      /QUOTA_STRICT_STORE is 1.*admissions: eviction at risk.*admissions: memory at risk.*calls: eviction/s,
    );
  });
});
