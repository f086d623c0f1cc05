import { once } from 'node:events';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { Decision } from '../../gen/quota/v1/quota_service';
import type { TestDaemon } from '../helpers/daemon';
import { closedAfterEach } from '../helpers/opened';
import { within } from '../helpers/wait';
import { startLoad } from './load';

const opened = closedAfterEach();

const LIMIT = 200;

const POLICIES = `
services: [vente]
policies:
  connection:
    records: connections
    limits:
      - { name: per-window, algorithm: sliding-window, limit: ${LIMIT}, window: 1h }
`;

const connection = { subject: '42', policy: 'connection' };

async function crash({ process }: TestDaemon): Promise<void> {
  const exited = once(process, 'exit');
  process.kill('SIGKILL');
  await exited;
}

describe('a daemon that is killed', () => {
  test('the next daemon knows what this one acknowledged', async () => {
    const { url: redisUrl, prefix } = opened.space();
    const first = await opened.daemon({ redisUrl, prefix, policies: POLICIES });
    for (let i = 0; i < 3; i += 1) await first.client.admit(connection);
    await first.client.recordCall({ subject: '42', service: 'vente' });
    await crash(first);
    const { client } = await opened.daemon({ redisUrl, prefix, policies: POLICIES });

    const { topUsers, leastActiveUsers } = await client.stats();
    expect(topUsers).toEqual([{ subject: '42', count: 3 }]);
    expect(leastActiveUsers).toEqual([{ subject: '42', count: 1 }]);
    expect((await client.admit(connection)).limits[0]?.remaining).toBe(LIMIT - 4);
  });

  test('a student not yet in the record of calls is among those with no calls', async () => {
    const { url: redisUrl, prefix } = opened.space();
    const calls = await opened.redis();
    const options = { redisUrl, prefix, env: { REDIS_CALLS_URL: calls.url } };
    const first = await opened.daemon(options);
    await calls.kill();
    const { decision } = await first.client.admit(connection);
    await crash(first);
    await calls.start();
    const { client } = await opened.daemon(options);

    expect(decision).toBe(Decision.ADMITTED);
    expect((await client.stats()).leastActiveUsers).toEqual([{ subject: '42', count: 0 }]);
  });

  test('its callers go on at another with the same request ids, each admission taken exactly once', async () => {
    const { url: redisUrl, prefix } = opened.space();
    const [first, second] = [
      await opened.daemon({ redisUrl, prefix, policies: POLICIES }),
      await opened.daemon({ redisUrl, prefix, policies: POLICIES }),
    ];
    let current = first.client;
    const load = opened.closed(
      startLoad({
        count: LIMIT,
        client: () => current,
        ask: (client, requestId) => client.admit({ ...connection, requestId }),
      }),
      (started) => started.stop(),
    );
    await load.answered(LIMIT / 4);
    await crash(first);
    current = second.client;
    await within('every admission', load.done);

    expect(load.answers.filter(({ decision }) => decision === Decision.ADMITTED)).toHaveLength(LIMIT);
    expect([...new Set(load.failures)].filter((code) => code !== status.UNAVAILABLE)).toEqual([]);
    expect((await second.client.admit(connection)).decision).toBe(Decision.DENIED);
    expect((await second.client.stats()).topUsers).toEqual([{ subject: '42', count: LIMIT }]);
  });
});
