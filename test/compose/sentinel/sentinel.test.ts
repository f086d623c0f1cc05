import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Decision } from '../../../gen/quota/v1/quota_service';
import type { QuotaClient } from '../../helpers/quota_client';
import { until } from '../../helpers/wait';
import { operatorClient } from '../client';
import { compose, healthOfAll, inside } from '../docker';
import { describeHardened } from '../hardened';
import { expectEleventhDenied } from '../logins';

const SERVERS = ['redis-1', 'redis-2', 'redis-3'];
const SENTINELS = ['sentinel-1', 'sentinel-2', 'sentinel-3'];

let client: QuotaClient;
beforeAll(() => {
  client = operatorClient();
});
afterAll(() => client.close());

/** Which server is the master, according to a Sentinel. */
async function masterName(): Promise<string> {
  const run =
    'REDISCLI_AUTH=$(cat /run/secrets/sentinel_password) redis-cli --no-auth-warning -p 26379 SENTINEL get-master-addr-by-name quota';
  const [address = ''] = (await inside('sentinel-1', 'sh', '-c', run)).text.split('\n');
  // The address of redis-1 ends with 11.
  return `redis-${address.trim().at(-1)}`;
}

/** What a server says of its replication. */
async function replicationOf(service: string): Promise<string> {
  const run = 'REDISCLI_AUTH=$(cat /run/secrets/redis_password) redis-cli --no-auth-warning INFO replication';
  return (await inside(service, 'sh', '-c', run)).text;
}

/** Uses up the quota of a subject, and waits until the replicas have it. */
async function exhaust(): Promise<string> {
  const subject = randomUUID();
  await client.batchAdmit(Array.from({ length: 10 }, () => ({ subject, policy: 'connection' })));
  const master = await masterName();
  // The daemon's probes go on, so no replica is ever level for long.
  const [, written] = /^master_repl_offset:(\d+)/m.exec(await replicationOf(master)) ?? [];
  await until('two replicas to have all of it', async () => {
    const offsets = [...(await replicationOf(master)).matchAll(/offset=(\d+)/g)];
    return offsets.filter(([, offset]) => Number(offset) >= Number(written)).length === 2;
  });
  return subject;
}

describe('the stack with Sentinels', () => {
  test('runs every service healthy', async () => {
    const services = ['daemon', 'mysql', ...SERVERS, ...SENTINELS, 'web'];

    expect(await healthOfAll()).toEqual(services.map((service) => `${service} healthy`));
  });

  test('admits ten logins and denies the eleventh', expectEleventhDenied);

  test('goes on with another master after it is killed, with all that was replicated, and takes it back as a replica', async () => {
    const former = await masterName();
    const subject = await exhaust();
    await compose('kill', former);
    await until('another master', async () => (await masterName()) !== former);
    await until('a decision of the new master', async () => {
      const { degraded } = await client.admit({ subject: randomUUID(), policy: 'connection' });
      return !degraded;
    });

    expect(await client.admit({ subject, policy: 'connection' })).toMatchObject({
      decision: Decision.DENIED,
      degraded: false,
    });
    await expectEleventhDenied();
    await compose('start', former);
    await until('the former master to follow', async () => {
      const text = await replicationOf(former);
      return /^role:slave/m.test(text) && /^master_link_status:up/m.test(text);
    });
    expect(await masterName()).not.toBe(former);
  });

  test('knows the master and all counts after all of it was taken down and up again', async () => {
    const master = await masterName();
    const subject = await exhaust();
    await compose('down', '--timeout', '20');
    await compose('up', '--wait');
    await until('a decision of the store', async () => {
      const { degraded } = await client.admit({ subject: randomUUID(), policy: 'connection' });
      return !degraded;
    });

    expect(SERVERS).toContain(master);
    expect((await client.admit({ subject, policy: 'connection' })).decision).toBe(Decision.DENIED);
  });
});

describeHardened(['redis-1', 'sentinel-1']);
