import { describe, expect, test } from '@jest/globals';
import { createQuotaClient } from '../../client/quota_client';
import { createAdminClient } from '../helpers/admin_client';
import { startDaemon, type TestDaemon } from '../helpers/daemon';
import { describeWithHaproxy, openPost, type Post, startHaproxy } from '../helpers/haproxy';
import { closedAfterEach } from '../helpers/opened';
import { until } from '../helpers/wait';
import { type Ask, CALL_DEADLINE_MS, openAdvisedClient, startCalls } from './calls';

const opened = closedAfterEach();

const DAEMONS = 3;
const POLICY = 'connection';

/** More than the load takes of any subject. */
const LIMIT = 1_000;

/** The store is not what is tested: on a busy machine it may be silent for a moment. */
const POLICIES = `
services: [vente]
policies:
  ${POLICY}:
    on_store_failure: admit
    limits:
      - { name: per-window, algorithm: sliding-window, limit: ${LIMIT}, window: 1h }
`;

/** The client package, which knows all of the daemons. */
function askByPackage(posts: readonly Post[]): Ask {
  const client = opened.closed(
    createQuotaClient({ targets: posts.map(({ listen }) => listen), deadlineMs: CALL_DEADLINE_MS }),
    (each) => each.close(),
  );
  return async (subject) => {
    const { admitted, degraded } = await client.admit({ subject, policy: POLICY });
    return { isAdmitted: admitted, isDegraded: degraded };
  };
}

function askByLibrary(target: string, balancing: object = {}): Ask {
  return opened.closed(openAdvisedClient(target, { policy: POLICY, balancing }), (each) => each.close()).ask;
}

async function startFleet(env: Record<string, string> = {}) {
  const space = opened.space();
  const posts = Array.from({ length: DAEMONS }, openPost);
  const standing = new Map<Post, TestDaemon>();
  opened.closed(standing, () => Promise.all([...standing.values()].map((daemon) => daemon.stop())));

  async function stand(post: Post): Promise<void> {
    const daemon = await startDaemon({
      redisUrl: space.url,
      prefix: space.prefix,
      policies: POLICIES,
      env: {
        QUOTA_LISTEN: post.listen,
        QUOTA_HTTP_LISTEN: post.httpListen,
        QUOTA_SHEDDING: 'off',
        ...env,
      },
    });
    standing.set(post, daemon);
  }

  await Promise.all(posts.map(stand));
  return {
    posts,
    /** Asks each to stop and puts another in its place, one after the other; the exit codes. */
    async replaceAll(settled: (post: Post) => Promise<void>): Promise<(number | null | undefined)[]> {
      const codes = [];
      for (const post of posts) {
        codes.push(await standing.get(post)?.stop());
        await stand(post);
        await settled(post);
      }
      return codes;
    },
    /** How many tokens of each subject the store counts. */
    async taken(subjects: Iterable<string>): Promise<Map<string, number>> {
      const admin = createAdminClient(posts[0]?.listen ?? '');
      const counts = new Map<string, number>();
      for (const subject of subjects) {
        const { quotas } = await admin.getQuota(subject, POLICY);
        counts.set(subject, LIMIT - Number(quotas[0]?.limits[0]?.remaining));
      }
      admin.close();
      return counts;
    },
  };
}

const sum = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((a, b) => a + b, 0);

type Fleet = Awaited<ReturnType<typeof startFleet>>;

/** Replaces every daemon under the load of these calls, and expects that nobody notices. */
async function expectUnnoticed(
  fleet: Fleet,
  ask: Ask,
  settled: (post: Post) => Promise<void> = async () => undefined,
): Promise<void> {
  const calls = startCalls(ask);
  await calls.more(300);
  const codes = await fleet.replaceAll(async (post) => {
    await settled(post);
    await calls.more(300);
  });
  await calls.finish();

  expect([calls.failures, calls.deniedCount]).toEqual([[], 0]);
  expect(codes).toEqual(Array(DAEMONS).fill(0));
  // None twice; and none lost, but of those that a daemon decided without the store, which it writes down later.
  const taken = sum(await fleet.taken(calls.admitted.keys()));
  expect(taken).toBeLessThanOrEqual(sum(calls.admitted));
  expect(taken).toBeGreaterThanOrEqual(sum(calls.admitted) - calls.degradedCount);
}

describe('every daemon replaced under load, one after the other', () => {
  test('fails no call of the client package', async () => {
    const fleet = await startFleet();

    await expectUnnoticed(fleet, askByPackage(fleet.posts));
  }, 180_000);

  test('fails no call of a client that follows the advice on retries', async () => {
    const fleet = await startFleet();
    const target = `ipv4:${fleet.posts.map(({ listen }) => listen).join(',')}`;

    await expectUnnoticed(fleet, askByLibrary(target, { loadBalancingConfig: [{ round_robin: {} }] }));
  }, 180_000);
});

describeWithHaproxy('every daemon behind HAProxy replaced under load, one after the other', () => {
  test('fails no call of a client that follows the advice on retries', async () => {
    const fleet = await startFleet({ QUOTA_DRAIN_DELAY_MS: '2000', QUOTA_PROXIES: 'loopback' });
    const haproxy = opened.closed(await startHaproxy(fleet.posts), (each) => each.close());
    const isBack = (post: Post) =>
      until('HAProxy to send calls to the new daemon', async () =>
        (await haproxy.readyPosts()).includes(post),
      );

    await expectUnnoticed(fleet, askByLibrary(haproxy.target), isBack);
  }, 180_000);
});
