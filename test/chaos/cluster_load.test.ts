import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { spreadTags } from '../../daemon/redis/hash_tags';
import { createKeys } from '../../daemon/redis/keys';
import { type AdmitResponse, Decision } from '../../gen/quota/v1/quota_service';
import { createAdminClient } from '../helpers/admin_client';
import { startCluster } from '../helpers/cluster';
import { watchHealth } from '../helpers/health';
import { closedAfterEach } from '../helpers/opened';
import { until, within } from '../helpers/wait';
import { startLoad } from './load';

const opened = closedAfterEach();

const PARTITIONS = 16;
const SUBJECTS = 240;

/** More than the load takes of any subject. */
const LIMIT = 1_000;

/** Far more than is decided before the fault is over. */
const MOST = 1_000_000;

const POLICIES = `
services: [vente]
policies:
  connection:
    on_store_failure: deny
    limits:
      - { name: per-window, algorithm: sliding-window, limit: ${LIMIT}, window: 1h }
  copied:
    wait_replicas: 1
    on_store_failure: deny
    limits:
      - { name: per-window, algorithm: sliding-window, limit: ${LIMIT}, window: 1h }
`;

const keys = createKeys({ prefix: '', partitions: PARTITIONS, tags: spreadTags(PARTITIONS) });

/** Every request id has its subject. */
const subjectOf = (requestId: string) => `user-${Number.parseInt(requestId.slice(0, 4), 16) % SUBJECTS}`;

async function start(policy = 'connection') {
  const cluster = opened.closed(await startCluster(), (each) => each.close());
  await cluster.replicated();
  const env = { QUOTA_PARTITIONS: String(PARTITIONS), QUOTA_SHEDDING: 'off' };
  const daemon = await opened.daemon({ redisUrl: cluster.url, policies: POLICIES, env });
  const admin = opened.closed(createAdminClient(daemon.target), (each) => each.close());
  const health = opened.closed(watchHealth(daemon.target), (watch) => watch.close());
  await health.reached('SERVING');

  const answered = new Map<string, number>();
  const load = opened.closed(
    startLoad({
      count: MOST,
      client: () => daemon.client,
      async ask(client, requestId): Promise<AdmitResponse> {
        const subject = subjectOf(requestId);
        const answer = await client.admit({ subject, policy, requestId });
        answered.set(subject, (answered.get(subject) ?? 0) + 1);
        return answer;
      },
    }),
    (each) => each.stop(),
  );

  /** Waits until this many more were answered. */
  const goOn = (count: number) => load.answered(load.answers.length + count);

  /** Ends the load; how many tokens of each subject the store counts. */
  async function taken(): Promise<Map<string, number>> {
    // One that was never answered may have been taken.
    load.finish();
    await within('the last answers', load.done);
    const counts = new Map<string, number>();
    for (const subject of answered.keys()) {
      const { quotas } = await admin.getQuota(subject, policy);
      counts.set(subject, LIMIT - Number(quotas[0]?.limits[0]?.remaining));
    }
    return counts;
  }

  return { cluster, load, goOn, answered, taken };
}

describe('a Cluster under load', () => {
  test.each(['connection', 'copied'])(
    'whose replicas are promoted one after the other, takes each answered request of the policy %s once',
    async (policy) => {
      const { cluster, load, goOn, answered, taken } = await start(policy);
      await goOn(200);
      const masters = await cluster.masters();
      const replicas = cluster.servers.filter((server) => !masters.includes(server));
      // There, and back again.
      for (const server of [...masters, ...replicas]) {
        await cluster.promoteReplicaOf(server);
        await goOn(200);
      }

      expect(await taken()).toEqual(answered);
      expect(load.answers.every(({ decision }) => decision === Decision.ADMITTED)).toBe(true);
      expect(load.failures.filter((code) => code !== status.UNAVAILABLE)).toEqual([]);
    },
    300_000,
  );

  test('whose slots move to a new master and back takes each answered request once', async () => {
    const { cluster, load, goOn, answered, taken } = await start();
    await goOn(200);
    const known = `127.0.0.1:${cluster.servers[0]?.port}`;
    const added = await cluster.addMaster();
    const id = await cluster.idOf(added);
    // Two of the partitions or three: each slot takes its time.
    await cluster.rebalance(known, '--cluster-use-empty-masters', '--cluster-weight', `${id}=0.5`);
    await cluster.settled();
    await goOn(200);
    const owners = await Promise.all(
      Array.from({ length: PARTITIONS }, (_, partition) => cluster.ownerOf(keys.control(partition))),
    );
    expect(owners).toContain(added);
    await cluster.rebalance(known, '--cluster-weight', `${id}=0`);
    await cluster.settled();
    await cluster.manage('del-node', known, id);
    await goOn(200);

    expect(await taken()).toEqual(answered);
    expect(load.failures.filter((code) => code !== status.UNAVAILABLE)).toEqual([]);
  }, 600_000);

  test('of which a master is killed, forgets no answered admission of a policy that waits for a replica', async () => {
    const { cluster, load, goOn, answered, taken } = await start('copied');
    await goOn(200);
    const victim = await cluster.ownerOf(keys.control(0));
    await victim.kill();
    const isReplaced = async () => (await cluster.ownerOf(keys.control(0))) !== victim;
    await until('its replica is promoted', isReplaced);
    // Without a replica of its own, the new master can confirm nothing.
    await victim.start();
    await goOn(500);

    expect(await taken()).toEqual(answered);
    expect(load.failures.filter((code) => code !== status.UNAVAILABLE)).toEqual([]);
  }, 300_000);
});
