import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { firstAttempt, openDatabase } from '../../daemon/redis/client';
import { spreadTags } from '../../daemon/redis/hash_tags';
import { createCallsKeys, createKeys } from '../../daemon/redis/keys';
import { createRedisStore, type RedisStore } from '../../daemon/redis/store';
import { createSubjectHash } from '../../daemon/telemetry/subject_hash';
import { type OwnCluster, startCluster } from '../helpers/cluster';
import { describeQuotaStore } from '../helpers/conformance/quota_store';
import { HOUR_MS, policyOf, type StoreSettings } from '../helpers/conformance/store_factory';
import { redirectionsOf } from '../helpers/redirections';
import { until } from '../helpers/wait';

const PARTITIONS = 8;

/** An entry of the audit trail. */
const CHANGE = { by: 'alice', method: 'ResetQuota', subjectHash: '', fields: {}, code: 'OK', callId: '1' };

let cluster: OwnCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.close());

/** Each with a key prefix of its own. */
function clusterStore(partitions: number) {
  return async ({ policies, windowsMs }: StoreSettings) => {
    const logger = pino({ level: 'silent' });
    const open = (name: string) => openDatabase({ url: cluster.url, name, logger });
    const databases = { redis: open('admissions'), calls: open('calls') };
    await Promise.all(Object.values(databases).map(firstAttempt));
    const layout = { prefix: `test-${randomUUID()}:`, partitions, tags: spreadTags(partitions) };
    const store = createRedisStore({
      ...databases,
      keys: createKeys(layout),
      callsKeys: createCallsKeys({ ...layout, isClustered: true }),
      partitions,
      policies: () => policies,
      windowsMs: () => windowsMs,
      hashOf: createSubjectHash('a secret of all daemons'),
      logger,
    });
    await store.open();
    return {
      store,
      decided: store.decided,
      async close() {
        await store.settle();
        for (const database of Object.values(databases)) database.disconnect();
      },
    };
  };
}

describeQuotaStore(`a store of ${PARTITIONS} partitions on a Cluster`, clusterStore(PARTITIONS));
describeQuotaStore('a store of one partition on a Cluster', clusterStore(1));

describe('all that a store of a Cluster has done above, and what else it can do', () => {
  const policy = policyOf('connection', [
    { name: 'only', algorithm: 'sliding-window', limit: 5, windowMs: HOUR_MS },
  ]);

  /** What a daemon does besides what every store must do, for a few subjects of most partitions. */
  async function doTheRest(store: RedisStore): Promise<void> {
    const subjects = Array.from({ length: 2 * PARTITIONS }, (_, at) => `user-${at}`);
    const now = Date.now() * 1000;
    const admitted = subjects.map((subject) => ({
      admission: { subject, policy: policy.name, cost: 1, requestId: randomUUID() },
      policy,
      atUs: now,
    }));
    await store.restore(admitted);
    await store.announce();
    await store.auditing.record(CHANGE);
    await store.auditing.list({ pageSize: 10, pageToken: undefined });
    const begun = await Promise.all(subjects.map((subject) => store.erasing.eraseSubject(subject)));
    for (const { id } of begun) {
      await until(
        'an erasure to end',
        async () => (await store.erasing.getErasure(id)).endTimeMs !== undefined,
      );
    }
  }

  test('sends no command to a master that does not own its key', async () => {
    const { store, close } = await clusterStore(PARTITIONS)({ policies: [policy], windowsMs: [HOUR_MS] });
    await doTheRest(store);
    await close();

    expect(await redirectionsOf(cluster.servers)).toEqual([]);
  });
});
