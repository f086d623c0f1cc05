import { describe, expect, test } from '@jest/globals';
import { spreadTags } from '../../daemon/redis/hash_tags';
import { createKeys } from '../../daemon/redis/keys';
import { Decision } from '../../gen/quota/v1/quota_service';
import { type OwnCluster, type OwnClusterOptions, startCluster } from '../helpers/cluster';
import { watchHealth } from '../helpers/health';
import { closedAfterEach } from '../helpers/opened';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

const LIMIT = 10;
const PARTITIONS = 16;

/** Enough that each master has some. */
const SUBJECTS = Array.from({ length: 48 }, (_, at) => `user-${at}`);

const POLICIES = `
services: [vente, achat]
policies:
  connection:
    records: connections
    limits:
      - { name: per-window, algorithm: sliding-window, limit: ${LIMIT}, window: 1h }
`;

/** With one, the client asks again if the store did not answer. */
const PREFIX = 'cluster:';

const keys = createKeys({ prefix: PREFIX, partitions: PARTITIONS, tags: spreadTags(PARTITIONS) });

function startDaemon(redisUrl: string) {
  const env = { QUOTA_PARTITIONS: String(PARTITIONS), QUOTA_DENIAL_CACHE: 'off' };
  return opened.daemon({ redisUrl, prefix: PREFIX, policies: POLICIES, env });
}

async function start(options: OwnClusterOptions = {}) {
  const cluster = opened.closed(await startCluster(options), (each) => each.close());
  const daemon = await startDaemon(cluster.url);
  const health = opened.closed(watchHealth(daemon.target), (watch) => watch.close());
  await health.reached('SERVING');

  async function isAdmitted(subject: string): Promise<boolean> {
    return (await daemon.client.admit({ subject, policy: 'connection' })).decision === Decision.ADMITTED;
  }

  /** How many of so many requests of each user are admitted. */
  async function admittedOf(subjects: readonly string[], count: number): Promise<number[]> {
    return Promise.all(
      subjects.map(async (subject) => {
        let admitted = 0;
        for (let at = 0; at < count; at += 1) admitted += Number(await isAdmitted(subject));
        return admitted;
      }),
    );
  }

  return { cluster, daemon, isAdmitted, admittedOf };
}

/** The users whose partition the server owns. */
async function subjectsOn(cluster: OwnCluster, port: number): Promise<string[]> {
  const owned: string[] = [];
  for (const subject of SUBJECTS) {
    const owner = await cluster.ownerOf(keys.control(keys.partitionOf(subject)));
    if (owner.port === port) owned.push(subject);
  }
  return owned;
}

const all = (count: number, times: number) => Array.from({ length: times }, () => count);

describe('a store on a Cluster', () => {
  test('which does not answer when the daemon starts, decides once it does', async () => {
    const cluster = opened.closed(await startCluster({ replicas: 0 }), (each) => each.close());
    await Promise.all(cluster.servers.map((server) => server.kill()));
    const daemon = await startDaemon(cluster.url);
    const health = opened.closed(watchHealth(daemon.target), (watch) => watch.close());
    await health.reached('NOT_SERVING');

    await Promise.all(cluster.servers.map((server) => server.start()));

    await health.reached('SERVING');
    const { decision } = await daemon.client.admit({ subject: 'user-0', policy: 'connection' });
    expect(decision).toBe(Decision.ADMITTED);
    const lines = daemon.log.filter(({ msg }) => msg === 'redis cannot be reached');
    const reasons = lines.map(({ server, redis, reason }) => `${server} ${redis} ${reason}`);
    expect(new Set(reasons).size).toBe(reasons.length);
  }, 300_000);

  test('whose master is killed, the others decide on meanwhile, and its replica knows what was taken', async () => {
    const { cluster, daemon, isAdmitted, admittedOf } = await start();
    expect(await admittedOf(SUBJECTS, 4)).toEqual(all(4, SUBJECTS.length));
    await daemon.client.recordCall({ subject: 'user-0', service: 'vente' });
    const victim = await cluster.ownerOf(keys.control(0));
    const lost = await subjectsOn(cluster, victim.port);
    const others = SUBJECTS.filter((subject) => !lost.includes(subject));
    await cluster.replicated();

    await victim.kill();
    expect(await admittedOf(others, 1)).toEqual(all(1, others.length));
    await until('the replica decides', async () => isAdmitted(lost[0] ?? '').catch(() => false));

    expect(lost.length).toBeGreaterThan(0);
    expect(await admittedOf(others, LIMIT)).toEqual(all(LIMIT - 5, others.length));
    expect(await admittedOf(lost.slice(1), LIMIT)).toEqual(all(LIMIT - 4, lost.length - 1));
    const { services } = await daemon.client.stats();
    expect(services).toContainEqual(expect.objectContaining({ service: 'vente', callCount: 1 }));
  }, 300_000);

  test('whose servers cannot name one of the masters, goes on with all of them', async () => {
    const config = {
      'cluster-preferred-endpoint-type': 'hostname',
      'cluster-announce-hostname': 'localhost',
    };
    const { cluster, daemon, admittedOf } = await start({ replicas: 0, config });
    const nameless = await cluster.ownerOf(keys.control(0));

    await cluster.configure(nameless, 'cluster-announce-hostname', '');
    await until('the daemon to ask a server that cannot name it', () =>
      daemon.log.some(({ msg }) => msg === 'redis does not know its cluster'),
    );

    expect(await admittedOf(SUBJECTS, LIMIT + 1)).toEqual(all(LIMIT, SUBJECTS.length));
  }, 300_000);

  test('to which a master is added, and whose slots move there, nothing is forgotten', async () => {
    const { cluster, daemon, admittedOf } = await start();
    expect(await admittedOf(SUBJECTS, 4)).toEqual(all(4, SUBJECTS.length));

    const [first] = cluster.servers;
    const known = `127.0.0.1:${first?.port}`;
    const added = await cluster.addMaster();
    await cluster.rebalance(known, '--cluster-use-empty-masters');
    await cluster.settled();

    expect((await subjectsOn(cluster, added.port)).length).toBeGreaterThan(0);
    expect(await admittedOf(SUBJECTS, LIMIT)).toEqual(all(LIMIT - 4, SUBJECTS.length));
    expect((await daemon.client.stats({ subject: 'user-0' })).subjectUsage?.connectionCount).toBe(LIMIT);
  }, 300_000);
});
