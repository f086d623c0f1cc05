import { status } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import calculateSlot from 'cluster-key-slot';
import { spreadTags } from '../../daemon/redis/hash_tags';
import { createKeys } from '../../daemon/redis/keys';
import { createAdminClient } from '../helpers/admin_client';
import { startCluster } from '../helpers/cluster';
import { watchHealth } from '../helpers/health';
import { closedAfterEach } from '../helpers/opened';
import type { OwnRedis } from '../helpers/redis';
import { within } from '../helpers/wait';
import { startLoad } from './load';
import { asking, longestGap, moveSlot } from './slot_move';

const opened = closedAfterEach();

/** More than the load takes of any subject. */
const LIMIT = 1_000;
const ADMISSIONS_EACH = 10;

const SIZES = [1_000, 10_000, 100_000];

/** How many keys go at once: as redis-cli does it by default, and so many that the round trips do not matter. */
const PIPELINES = [10, 1_000];

const RESTORED_AT_ONCE = 1_000;
const WINDOW_MS = 3_600_000;

/** Far more than is decided before the last move is over. */
const MOST = 1_000_000;

/** Of all filled subjects, those that the load asks for. */
const ASKED_SUBJECTS = 200;

const POLICIES = `
policies:
  connection:
    on_store_failure: deny
    limits:
      - { name: per-window, algorithm: sliding-window, limit: ${LIMIT}, window: 1h }
`;

const keys = createKeys({ prefix: '', partitions: 1, tags: spreadTags(1) });
const slot = calculateSlot(keys.control(0));

test('a partition of any size that moves under load loses nothing, and is unavailable only while it moves', async () => {
  const cluster = opened.closed(await startCluster({ replicas: 0 }), (each) => each.close());
  const env = { QUOTA_PARTITIONS: '1', QUOTA_SHEDDING: 'off' };
  const daemon = await opened.daemon({ redisUrl: cluster.url, policies: POLICIES, env });
  const admin = opened.closed(createAdminClient(daemon.target), (each) => each.close());
  const health = opened.closed(watchHealth(daemon.target), (watch) => watch.close());
  await health.reached('SERVING');
  const source = await cluster.ownerOf(keys.control(0));
  const target = cluster.servers.find((each) => each !== source);
  if (target === undefined) throw new Error('there is one server only');
  const first = startLoad({
    count: ADMISSIONS_EACH,
    client: () => daemon.client,
    ask: (client, requestId) => client.admit({ subject: subjectAt(0), policy: 'connection', requestId }),
  });
  await within('the first admissions', first.done);

  const answeredAtMs: number[] = [];
  const answered = new Map<string, number>();
  // The first one has been filled by the daemon itself; the others are copies of it.
  await fill(source, { from: 1, to: SIZES[0] ?? 0 });
  const load = opened.closed(
    startLoad({
      count: MOST,
      client: () => daemon.client,
      async ask(client, requestId) {
        const subject = subjectAt(Number.parseInt(requestId.slice(0, 4), 16) % ASKED_SUBJECTS);
        const answer = await client.admit({ subject, policy: 'connection', requestId });
        answered.set(subject, (answered.get(subject) ?? 0) + 1);
        answeredAtMs.push(performance.now());
        return answer;
      },
    }),
    (each) => each.stop(),
  );
  const goOn = (count: number) => load.answered(load.answers.length + count);

  const lines: string[] = [];
  for (const [at, size] of SIZES.entries()) {
    if (at > 0) await fill(source, { from: SIZES[at - 1] ?? 0, to: size });
    // There, and back again.
    for (const [turn, pipeline] of PIPELINES.entries()) {
      const [from, to] = turn % 2 === 0 ? [source, target] : [target, source];
      const beforeMs = performance.now();
      await goOn(200);
      const startMs = performance.now();
      await moveSlot(cluster, { slot, from, to, pipeline });
      const endMs = performance.now();
      await goOn(200);
      const [usual, moved] = [longestGap(answeredAtMs, beforeMs, startMs), longestGap(answeredAtMs, startMs)];
      lines.push(
        `${size} subjects, ${pipeline} keys at once: moved in ${Math.round(endMs - startMs)} ms, ` +
          `no answer for ${Math.round(moved)} ms (${Math.round(usual)} ms without a move)`,
      );
    }
  }
  load.finish();
  await within('the last answers', load.done);
  console.log(lines.join('\n'));

  for (const [subject, count] of answered) {
    const { quotas } = await admin.getQuota(subject, 'connection');
    expect([subject, LIMIT - Number(quotas[0]?.limits[0]?.remaining)]).toEqual([
      subject,
      count + ADMISSIONS_EACH,
    ]);
  }
  expect(load.failures.filter((code) => code !== status.UNAVAILABLE)).toEqual([]);
}, 600_000);

const subjectAt = (number: number) => `user-${number}`;

/** Copies what the first subject has taken, for others: their limits are then as full as its own. */
async function fill(server: OwnRedis, { from, to }: { from: number; to: number }): Promise<void> {
  await asking(server, async (redis) => {
    const dump = await redis.dumpBuffer(keys.taken('connection', subjectAt(0)));
    for (let first = from; first < to; first += RESTORED_AT_ONCE) {
      const pipeline = redis.pipeline();
      for (let number = first; number < Math.min(to, first + RESTORED_AT_ONCE); number += 1)
        pipeline.restore(keys.taken('connection', subjectAt(number)), WINDOW_MS, dump);
      for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
    }
  });
}
