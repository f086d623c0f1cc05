import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Decision } from '../../gen/quota/v1/quota_service';
import { startDaemon, type TestDaemon } from '../helpers/daemon';
import { admitInTheEnd } from '../helpers/quota_client';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';

let space: RedisSpace;
let daemons: TestDaemon[];
beforeAll(async () => {
  space = openRedisSpace();
  const options = { redisUrl: space.url, prefix: space.prefix };
  daemons = await Promise.all([startDaemon(options), startDaemon(options)]);
});
afterAll(async () => {
  await Promise.all(daemons.map((daemon) => daemon.stop()));
  await space.close();
});

/** Asks 200 times at once, of each daemon in turn. */
function askAtOnce(request: { subject: string; policy: string; requestId?: string }) {
  return Promise.all(
    Array.from({ length: 100 }).flatMap(() => daemons.map(({ client }) => admitInTheEnd(client, request))),
  );
}

describe('several daemons', () => {
  test('of 200 simultaneous admissions of one subject through two of them, exactly 10 are admitted', async () => {
    const answers = await askAtOnce({ subject: randomUUID(), policy: 'connection' });

    const admitted = answers.filter(({ decision }) => decision === Decision.ADMITTED);
    expect(admitted.map(({ limits }) => limits[0]?.remaining).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(answers).toHaveLength(200);
  });

  test('200 simultaneous repeats of one request through two of them take one token', async () => {
    const subject = randomUUID();
    const answers = await askAtOnce({ subject, policy: 'connection', requestId: randomUUID() });

    const next = await daemons[0]?.client.admit({ subject, policy: 'connection' });

    expect(answers.every(({ decision }) => decision === Decision.ADMITTED)).toBe(true);
    expect(next?.limits[0]?.remaining).toBe(8);
  });

  test('connections through two of them make one set of statistics', async () => {
    const subject = randomUUID();
    for (const { client } of daemons) await client.admit({ subject, policy: 'connection' });

    const told = await Promise.all(daemons.map(({ client }) => client.stats({ topCount: 100 })));

    for (const { topUsers } of told) expect(topUsers).toContainEqual({ subject, count: 2 });
  });
});
