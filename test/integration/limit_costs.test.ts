import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { StoreUnavailable } from '../../daemon/quota/errors';
import { type LimitStore, openLimitStore, policyOf } from '../helpers/limit_store';
import { type OwnRedis, openRedisSpace, type RedisSpace, startOwnRedis } from '../helpers/redis';

/** A server of its own, as what it counts and how much it may hold concern the whole server. */
let redis: OwnRedis;
let space: RedisSpace;
let store: LimitStore;
beforeAll(async () => {
  redis = await startOwnRedis();
  space = openRedisSpace(redis.url);
  store = await openLimitStore(space);
});
afterAll(async () => {
  await space.close();
  await redis.close();
});

const policy = policyOf([{ name: 'window', algorithm: 'sliding-window', limit: 3, windowMs: 600_000 }], {
  name: 'connection',
  recordsConnections: true,
  rememberMs: 600_000,
});

/** How often each command was called, by its name. */
async function callsByCommand(): Promise<Map<string, number>> {
  const stats = await space.admissions.info('commandstats');
  const lines = [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)];
  return new Map(lines.map(([, name = '', calls]) => [name, Number(calls)]));
}

/** The commands that ran inside of functions meanwhile, with how often. */
async function commandsOf(call: () => Promise<unknown>): Promise<Map<string, number>> {
  const before = await callsByCommand();
  await call();
  const after = await callsByCommand();
  const deltas = [...after].map(([name, calls]) => [name, calls - (before.get(name) ?? 0)] as const);
  return new Map(deltas.filter(([name, calls]) => calls > 0 && name !== 'fcall' && name !== 'info'));
}

async function changesOf(call: () => Promise<unknown>): Promise<number> {
  const changes = async () =>
    Number(/rdb_changes_since_last_save:(\d+)/.exec(await space.admissions.info('persistence'))?.[1]);
  const before = await changes();
  await call();
  return (await changes()) - before;
}

describe('one admission', () => {
  test('takes nine commands at most, of a policy with one limit, with an id and recorded', async () => {
    const subject = randomUUID();
    await store.admit({ policy, subject, requestId: randomUUID() });
    const commands = await commandsOf(() => store.admit({ policy, subject, requestId: randomUUID() }));

    const total = [...commands.values()].reduce((sum, calls) => sum + calls, 0);
    expect([...commands.keys()]).toEqual(expect.arrayContaining(['zadd', 'xadd']));
    expect(total).toBeLessThanOrEqual(9);
  });

  test('takes nine commands at most, as the first of its subject', async () => {
    const asked = { policy, subject: randomUUID(), requestId: randomUUID() };
    const commands = await commandsOf(() => store.admit(asked));

    expect([...commands.values()].reduce((sum, calls) => sum + calls, 0)).toBeLessThanOrEqual(9);
  });
});

describe('a call that takes nothing', () => {
  test('a denial and a repeat write nothing', async () => {
    const asked = { policy, subject: randomUUID(), requestId: randomUUID() };
    await store.admit(asked);
    await store.admit({ ...asked, requestId: randomUUID(), cost: 2 });
    const ask = async (requestId: string) => (await store.admit({ ...asked, requestId })).admitted;
    const answers: boolean[] = [];

    const changed = await changesOf(async () => {
      answers.push(await ask(randomUUID()), await ask(asked.requestId));
    });

    expect([answers, changed]).toEqual([[false, true], 0]);
  });

  test('a look at a quota writes nothing', async () => {
    expect(await changesOf(() => store.read(randomUUID(), policy))).toBe(0);
  });
});

describe('a Redis without memory', () => {
  test('denials and repeats are answered; an admission is a failure of the store, and takes nothing', async () => {
    const [full, roomy] = [randomUUID(), randomUUID()];
    const requestId = randomUUID();
    await store.admit({ policy, subject: full, cost: 3, requestId });
    await store.admit({ policy, subject: roomy });
    await space.admissions.config('SET', 'maxmemory', '1');

    const { outcomes } = await store
      .admitAll([
        { policy, subject: full },
        { policy, subject: full, cost: 3, requestId },
        { policy, subject: roomy },
      ])
      .finally(() => space.admissions.config('SET', 'maxmemory', '0'));

    expect(outcomes).toMatchObject([
      { decision: { admitted: false } },
      { decision: { admitted: true, isRepeat: true } },
      expect.any(StoreUnavailable),
    ]);
    expect(await store.admit({ policy, subject: roomy })).toMatchObject({ limits: [{ remaining: 1 }] });
  });
});
