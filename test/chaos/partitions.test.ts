import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import type { StatsResponse } from '../../gen/quota/v1/quota_service';
import { closedAfterEach } from '../helpers/opened';
import type { QuotaClient } from '../helpers/quota_client';
import { within } from '../helpers/wait';

const opened = closedAfterEach();

const inPartitions = (count: number) => ({ QUOTA_PARTITIONS: String(count) });

describe('a daemon with another number of partitions than its store', () => {
  test('exits with 1 and says what is wrong if the store is there', async () => {
    const { url: redisUrl, prefix } = opened.space();
    await opened.daemon({ redisUrl, prefix, env: inPartitions(1) });

    await expect(opened.daemon({ redisUrl, prefix, env: inPartitions(2) })).rejects.toThrow(
      'the program ended with 1:\n' +
        'quota-daemon: QUOTA_PARTITIONS is 2, but this store was started with 1, and keeps that number\n',
    );
  });

  test('exits with 1 as soon as it knows if the store comes later', async () => {
    const redis = await opened.store();
    const first = await opened.daemon({ redisUrl: redis.url });
    await first.stop();
    await redis.kill();
    const second = await opened.daemon({ redisUrl: redis.url, env: inPartitions(2) });
    const exited = once(second.process, 'exit');
    await redis.start();

    expect(await within('the exit', exited)).toEqual([1, null]);
  });

  test('the number is right again, serves what was taken before', async () => {
    const { url: redisUrl, prefix } = opened.space();
    const request = { subject: '42', policy: 'connection' };
    const first = await opened.daemon({ redisUrl, prefix, env: inPartitions(2) });
    await first.client.admit(request);
    await first.stop();
    await expect(opened.daemon({ redisUrl, prefix })).rejects.toThrow('ended with 1');
    const second = await opened.daemon({ redisUrl, prefix, env: inPartitions(2) });

    expect((await second.client.admit(request)).limits[0]?.remaining).toBe(8);
  });
});

describe('statistics over four partitions', () => {
  const SUBJECTS = Array.from({ length: 24 }, (_, at) => `student-${at}`);

  /** The same history for every daemon: each student connects and calls as often as its number says. */
  async function live(client: QuotaClient): Promise<void> {
    for (const [at, subject] of SUBJECTS.entries()) {
      for (let i = 0; i <= at % 5; i += 1) await client.admit({ subject, policy: 'connection' });
      for (let i = 0; i < at % 7; i += 1)
        await client.recordCall({ subject, service: at % 2 === 0 ? 'vente' : 'achat' });
    }
  }

  async function statsIn(partitions: number): Promise<{ stats: StatsResponse; logs: number }> {
    const space = opened.space();
    const { url: redisUrl, prefix } = space;
    const { client } = await opened.daemon({ redisUrl, prefix, env: inPartitions(partitions) });
    await live(client);
    const stats = await client.stats({ recentCount: 100, topCount: 10, leastCount: 15 });
    return { stats, logs: (await space.keys('admissions:*:connection')).length };
  }

  test('the same history gives the same answers as from one partition', async () => {
    const [whole, split] = [await statsIn(1), await statsIn(4)];

    expect([whole.logs, split.logs]).toEqual([1, 4]);
    expect(split.stats.topUsers).toEqual(whole.stats.topUsers);
    expect(split.stats.leastActiveUsers).toEqual(whole.stats.leastActiveUsers);
    expect(split.stats.services).toEqual(whole.stats.services);
  });

  test('the last users are listed once each, the latest first', async () => {
    const { stats } = await statsIn(4);
    const timesMs = stats.recentUsers.map(({ connectTime }) => connectTime?.getTime() ?? 0);

    expect(stats.recentUsers.map(({ subject }) => subject).sort()).toEqual([...SUBJECTS].sort());
    expect(timesMs).toEqual(timesMs.toSorted((a, b) => b - a));
  });
});
