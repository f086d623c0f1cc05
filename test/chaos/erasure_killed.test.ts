import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { createAdminClient } from '../helpers/admin_client';
import { keysThatHold } from '../helpers/erasing';
import { closedAfterEach } from '../helpers/opened';
import { onMasters, openDatabases } from '../helpers/redis';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

const PARTITIONS = '3';

/** Of all partitions, some of them several. */
const SUBJECTS = ['ada', 'bob', 'eve', 'zoe', 'max', 'kim', 'lee', 'sam'].map(
  (name) => `${name}-who-is-erased`,
);

test('subjects of several partitions, erased to the end by another daemon once the first is killed', async () => {
  const redis = await opened.store();
  const options = { redisUrl: redis.url, env: { QUOTA_PARTITIONS: PARTITIONS } };
  const databases = [...new Set(Object.values(openDatabases(redis.url)))].map((each) =>
    opened.closed(each, (database) => database.disconnect()),
  );
  const masters = (
    await Promise.all(databases.map((each) => onMasters(each, async (master) => master)))
  ).flat();
  // Or the bytes of a name could hide in what is packed.
  await Promise.all(masters.map((master) => master.config('SET', 'rdbcompression', 'no')));
  const killed = await opened.daemon(options);
  for (const subject of [...SUBJECTS, 'bystander']) {
    await killed.client.admit({ subject, policy: 'connection', requestId: randomUUID() });
    await killed.client.recordCall({ subject, service: 'vente', requestId: randomUUID() });
  }
  const operator = opened.closed(createAdminClient(killed.target), (each) => each.close());
  const begun = await Promise.all(SUBJECTS.map((subject) => operator.eraseSubject(subject)));
  killed.process.kill('SIGKILL');
  const other = await opened.daemon(options);
  const admin = opened.closed(createAdminClient(other.target), (each) => each.close());
  await until('the end of each erasure', async () => {
    const erasures = await Promise.all(begun.map(({ erasureId }) => admin.getErasure(erasureId)));
    return erasures.every(({ endTime }) => endTime !== undefined);
  });

  expect(new Set(begun.map(({ erasureId }) => erasureId.split('.')[0])).size).toBe(Number(PARTITIONS));
  for (const subject of SUBJECTS) expect(await keysThatHold(masters, subject)).toEqual([]);
  const { subjectUsage } = await other.client.stats({ subject: 'bystander' });
  expect(subjectUsage).toMatchObject({ connectionCount: 1, callCount: 1 });
});
