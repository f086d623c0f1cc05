import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import calculateSlot from 'cluster-key-slot';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { firstAttempt, openDatabase } from '../../daemon/redis/client';
import { spreadTags } from '../../daemon/redis/hash_tags';
import { createKeys } from '../../daemon/redis/keys';
import { callFunction } from '../../daemon/redis/library';
import { type Database, mastersOf } from '../../daemon/redis/nodes';
import { type OwnCluster, startCluster } from '../helpers/cluster';
import { redirectionsOf } from '../helpers/redirections';

const PARTITIONS = 12;
const keys = createKeys({ prefix: '', partitions: PARTITIONS, tags: spreadTags(PARTITIONS) });

let cluster: OwnCluster;
let database: Database;
beforeAll(async () => {
  cluster = await startCluster({ replicas: 0 });
  database = openDatabase({ url: cluster.url, name: 'test', logger: pino({ level: 'silent' }) });
  await firstAttempt(database);
});
afterAll(async () => {
  database.disconnect();
  await cluster.close();
});

const claim = (partition: number) =>
  callFunction(database, 'claim', { keys: [keys.control(partition)], args: ['2/12/epoch'] });

async function on<Reply>(port: number, ask: (redis: Redis) => Promise<Reply>): Promise<Reply> {
  const redis = new Redis({ port, host: '127.0.0.1' });
  try {
    return await ask(redis);
  } finally {
    redis.disconnect();
  }
}

/** How many times a server was asked for the command, by the end of its name. */
async function countOf(port: number, command: string): Promise<number> {
  const stats = await on(port, (redis) => redis.info('commandstats'));
  return Number(new RegExp(`${command.replace('|', '\\|')}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
}

describe('the library of functions on a Cluster', () => {
  test('is loaded on each master that a function is called on', async () => {
    const claims = await Promise.all(Array.from({ length: PARTITIONS }, (_, partition) => claim(partition)));

    expect(claims.map(String)).toEqual(new Array(PARTITIONS).fill('2/12/epoch'));
    expect(mastersOf(database)).toHaveLength(3);
  });

  test('that one master has lost is loaded there again and nowhere else', async () => {
    const owner = await cluster.ownerOf(keys.control(0));
    const loads = () => Promise.all(cluster.servers.map(({ port }) => countOf(port, 'function|load')));
    const before = await loads();
    await on(owner.port, (redis) => redis.function('FLUSH'));

    expect(String(await claim(0))).toBe('2/12/epoch');

    const expected = cluster.servers.map(({ port }, at) => (before[at] ?? 0) + Number(port === owner.port));
    expect(await loads()).toEqual(expected);
  });

  test('no command goes to a master that does not own its key', async () => {
    await Promise.all(Array.from({ length: PARTITIONS }, (_, partition) => claim(partition)));

    expect(await redirectionsOf(cluster.servers)).toEqual([]);
  });

  // Last, as such a call is sent on by the slot's owner.
  test('is loaded on the master to which a slot is moving', async () => {
    const key = keys.control(0);
    const slot = calculateSlot(key);
    const from = await cluster.ownerOf(key);
    const to = cluster.servers.find((server) => server !== from) ?? from;
    const [fromId, toId] = await Promise.all([cluster.idOf(from), cluster.idOf(to)]);
    await on(to.port, (redis) => redis.function('FLUSH'));
    await on(to.port, (redis) => redis.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId));
    await on(from.port, (redis) => redis.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId));
    // As if it had been moved already, with all that the slot holds.
    await on(from.port, (redis) => redis.del(key));

    expect(String(await claim(0))).toBe('2/12/epoch');
    expect(await redirectionsOf(cluster.servers)).toEqual([expect.stringMatching(/^errorstat_ASK:count=/)]);
  });
});
