import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { spreadTags } from '../../daemon/redis/hash_tags';
import { createKeys } from '../../daemon/redis/keys';
import { audit } from '../../scripts/audit/audit';
import { readRecord } from '../../scripts/audit/read_record';
import { reportLines, violationCount } from '../../scripts/audit/report';
import { startCluster } from '../helpers/cluster';
import { watchHealth } from '../helpers/health';
import { closedAfterEach } from '../helpers/opened';
import { admitInTheEnd } from '../helpers/quota_client';
import { SENTINEL_PASSWORD, startSentinels } from '../helpers/sentinel';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

const PARTITIONS = 12;

const POLICIES = `
policies:
  connection:
    on_store_failure: deny
    limits:
      - { name: per-window, algorithm: sliding-window, limit: 1000, window: 1h }
`;

/** A store with a failover that a test causes. */
interface Store {
  readonly url: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Puts a replica in the place of a master; resolves with the ports of both, and how many partitions it has. */
  failOver(): Promise<{ from: number; to: number; partitions: number }>;
}

async function startClusterStore(): Promise<Store> {
  const cluster = opened.closed(await startCluster(), (each) => each.close());
  const keys = createKeys({ prefix: '', partitions: PARTITIONS, tags: spreadTags(PARTITIONS) });
  return {
    url: cluster.url,
    async failOver() {
      const owners = await Promise.all(
        Array.from({ length: PARTITIONS }, (_, partition) => cluster.ownerOf(keys.control(partition))),
      );
      const [master] = owners;
      if (master === undefined) throw new Error('nobody owns the first partition');
      const { port: to } = await cluster.replicaOf(master);
      await cluster.promoteReplicaOf(master);
      return { from: master.port, to, partitions: owners.filter((owner) => owner === master).length };
    },
  };
}

async function startSentinelStore(): Promise<Store> {
  const sentinels = opened.closed(await startSentinels(), (each) => each.close());
  return {
    url: sentinels.url,
    env: { REDIS_SENTINEL_PASSWORD: SENTINEL_PASSWORD },
    async failOver() {
      await sentinels.replicated();
      const from = await sentinels.masterPort();
      await sentinels.failOver();
      return { from, to: await sentinels.masterPort(), partitions: PARTITIONS };
    },
  };
}

/** The failovers that the daemons of a folder have recorded, without their times. */
function recordedIn(folder: string): object[] {
  const lines = readdirSync(folder).flatMap((file) =>
    readFileSync(join(folder, file), 'utf8').trim().split('\n'),
  );
  return lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ kind }) => kind === 'fact')
    .map(({ fact, database, from, to, partitions }) => ({ fact, database, from, to, partitions }));
}

test.each([
  ['a Cluster', startClusterStore],
  ['Sentinels', startSentinelStore],
] as const)(
  'a failover of %s is in the record of each daemon, and the audit reports it',
  async (_, startStore) => {
    const folder = opened.closed(mkdtempSync(join(tmpdir(), 'quota-noticed-')), (path) =>
      rmSync(path, { recursive: true, force: true }),
    );
    const store = await startStore();
    const env = { ...store.env, QUOTA_PARTITIONS: String(PARTITIONS), QUOTA_RECORD_FOLDER: folder };
    const options = { redisUrl: store.url, policies: POLICIES, env };
    const daemons = [await opened.daemon(options), await opened.daemon(options)];
    for (const { client, target } of daemons) {
      const health = opened.closed(watchHealth(target), (watch) => watch.close());
      await health.reached('SERVING');
      await admitInTheEnd(client, { subject: 'ada', policy: 'connection' });
    }
    const before = recordedIn(folder);

    const { from, to, partitions } = await store.failOver();
    const replaced = {
      fact: 'master_replaced',
      from: `127.0.0.1:${from}`,
      to: `127.0.0.1:${to}`,
      partitions,
    };
    await until('each daemon notices it in both databases', () => recordedIn(folder).length >= 4);
    for (const { client } of daemons) await admitInTheEnd(client, { subject: 'ada', policy: 'connection' });

    expect(before).toEqual([]);
    expect(recordedIn(folder)).toEqual(
      expect.arrayContaining(
        ['admissions', 'calls'].flatMap((database) => daemons.map(() => ({ ...replaced, database }))),
      ),
    );
    const result = audit(readRecord(folder), { toleranceUs: 50_000, lagUs: 0 });
    expect(violationCount(result)).toBe(0);
    expect(reportLines(result).join('\n')).toMatch(
      new RegExp(
        `127.0.0.1:${to} has taken the place of 127.0.0.1:${from}, the master of ${partitions} partitions of admissions and calls, as 2 processes`,
      ),
    );
  },
  300_000,
);
