import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { createAdminClient } from '../helpers/admin_client';
import { CAN_CUT_OFF, openCuttableStore } from '../helpers/cut_off';
import { keysThatHold } from '../helpers/erasing';
import { closedAfterEach } from '../helpers/opened';
import { onMasters, openDatabases } from '../helpers/redis';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

const POLICIES = `
services: [vente]
policies:
  counting:
    on_store_failure: local
    records: connections
    limits: [{ name: only, algorithm: sliding-window, limit: 5, window: 10m }]
`;

const SECRET = 'a secret of all daemons';

(CAN_CUT_OFF ? test : test.skip)(
  'a daemon that is cut off while another erases a subject brings nothing of it back',
  async () => {
    const { store, seat, cut, heal } = await openCuttableStore(opened);
    const databases = [...new Set(Object.values(openDatabases(store.url)))].map((each) =>
      opened.closed(each, (database) => database.disconnect()),
    );
    const masters = (
      await Promise.all(databases.map((each) => onMasters(each, async (master) => master)))
    ).flat();
    // Or the bytes of a name could hide in what is packed.
    await Promise.all(masters.map((master) => master.config('SET', 'rdbcompression', 'no')));
    const options = { policies: POLICIES, env: { QUOTA_LOG_SECRET: SECRET, QUOTA_PARTITIONS: '1' } };
    const cutOff = await opened.daemon({ ...options, ...seat });
    const other = await opened.daemon({ ...options, redisUrl: store.url });
    const admin = opened.closed(createAdminClient(other.target), (each) => each.close());
    const erased = `erased-${randomUUID()}`;
    const admit = (subject: string) =>
      cutOff.client.admit({ subject, policy: 'counting', requestId: randomUUID() });
    const shows = async (line: RegExp) => line.test(await (await fetch(`${cutOff.httpUrl}/metrics`)).text());
    await admit(erased);

    cut();
    // From then on nothing is sent that the network would deliver after the erasure.
    await admit('opener');
    await until('a store that is not asked any more', () =>
      shows(/^quota_unasked_partitions\{database="admissions"\} 1$/m),
    );
    const during = [await admit(erased), await admit('bystander')];
    const { erasureId } = await admin.eraseSubject(erased);
    await until(
      'the end of the erasure',
      async () => (await admin.getErasure(erasureId)).endTime !== undefined,
    );
    heal();
    await until('the bystander, written', async () => {
      const { subjectUsage } = await other.client.stats({ subject: 'bystander' });
      return subjectUsage?.connectionCount === 1;
    });
    const held = await keysThatHold(masters, erased);
    // The daemon itself has forgotten it too, so that the next outage starts from nothing.
    await until('only the others are known', () => shows(/^quota_local_subjects 2$/m));
    cut();
    const again = await admit(erased);

    expect(during).toMatchObject([
      { degraded: true, limits: [{ remaining: 3 }] },
      { degraded: true, limits: [{ remaining: 4 }] },
    ]);
    expect(held).toEqual([]);
    expect(again).toMatchObject({ degraded: true, limits: [{ remaining: 4 }] });
  },
);
