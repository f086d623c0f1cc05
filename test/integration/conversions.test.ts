import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Limit } from '../../daemon/quota/limits';
import type { Policy } from '../../daemon/quota/policies';
import { claimStore } from '../../daemon/redis/claims';
import { createKeys } from '../../daemon/redis/keys';
import { admitAll } from '../../daemon/redis/limits/admit';
import { announcePolicies } from '../../daemon/redis/limits/announce';
import { createEncoder } from '../../daemon/redis/limits/encoder';
import { openLimitStore } from '../helpers/limit_store';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';

let space: RedisSpace;
beforeAll(() => {
  space = openRedisSpace();
});
afterAll(() => space.close());

const SIZE = 5;

function policyOf(name: string, algorithm: Limit['algorithm']): Policy {
  return {
    name,
    limits: [{ name: 'rate', algorithm, limit: SIZE, windowMs: 600_000 }],
    recordsConnections: false,
    onStoreFailure: 'deny',
    rememberMs: 600_000,
  };
}

/** A daemon, as far as its policies and its decisions go. */
async function startDaemon() {
  const keys = createKeys({ prefix: space.prefix, partitions: 1 });
  const redis = space.admissions;
  const [claim = ''] = await claimStore(redis, keys, 1);
  const encoder = createEncoder(keys);
  return {
    async follow(policy: Policy) {
      encoder.setConversions(
        await announcePolicies({ redis, keys }, { partition: 0, policies: [policy], isNew: true }),
      );
    },
    async admit(
      policy: Policy,
      subject: string,
      { cost = 1, requestId }: { cost?: number; requestId?: string } = {},
    ) {
      const admission = { subject, policy: policy.name, cost, requestId };
      const entries = [{ admission, policy, deadlineUs: undefined, wantsIds: false }];
      const { outcomes } = await admitAll({ redis, keys, encoder, partition: 0, claim }, entries);
      const [outcome] = outcomes;
      if (outcome === undefined || outcome instanceof Error) throw outcome;
      return outcome.decision;
    },
  };
}

describe('a limit whose algorithm changes', () => {
  test.each([
    ['sliding-window', 'token-bucket'],
    ['token-bucket', 'sliding-window'],
  ] as const)('%s to %s: what was taken stays taken', async (from, to) => {
    const name = `p${randomUUID()}`;
    const daemon = await startDaemon();
    await daemon.follow(policyOf(name, from));
    await daemon.admit(policyOf(name, from), '42', { cost: 3 });

    await daemon.follow(policyOf(name, to));
    const first = await daemon.admit(policyOf(name, to), '42', { cost: 2 });
    const second = await daemon.admit(policyOf(name, to), '42');

    expect([first.admitted, second.admitted]).toEqual([true, false]);
    expect(second.limits[0]?.remaining).toBe(0);
  });

  test.each([
    ['sliding-window', 'token-bucket'],
    ['token-bucket', 'sliding-window'],
  ] as const)('%s to %s: a subject that took nothing has all of the limit', async (from, to) => {
    const name = `p${randomUUID()}`;
    const daemon = await startDaemon();
    await daemon.follow(policyOf(name, from));
    await daemon.admit(policyOf(name, from), 'another');

    await daemon.follow(policyOf(name, to));

    expect((await daemon.admit(policyOf(name, to), '42', { cost: SIZE })).admitted).toBe(true);
  });

  test('a repeat of a request of the former algorithm is known again', async () => {
    const name = `p${randomUUID()}`;
    const daemon = await startDaemon();
    const requestId = randomUUID();
    await daemon.follow(policyOf(name, 'token-bucket'));
    await daemon.admit(policyOf(name, 'token-bucket'), '42', { requestId });

    await daemon.follow(policyOf(name, 'sliding-window'));

    expect(await daemon.admit(policyOf(name, 'sliding-window'), '42', { requestId })).toMatchObject({
      admitted: true,
      isRepeat: true,
    });
  });

  test('a limit that is converted there and back never admits more than the limit', async () => {
    const name = `p${randomUUID()}`;
    const daemon = await startDaemon();
    let admitted = 0;
    for (const algorithm of ['sliding-window', 'token-bucket', 'sliding-window', 'token-bucket'] as const) {
      const policy = policyOf(name, algorithm);
      await daemon.follow(policy);
      for (let call = 0; call < SIZE; call += 1) {
        if ((await daemon.admit(policy, '42')).admitted) admitted += 1;
      }
    }

    expect(admitted).toBe(SIZE);
  });

  test('a daemon that starts later converts as well', async () => {
    const name = `p${randomUUID()}`;
    const first = await startDaemon();
    await first.follow(policyOf(name, 'sliding-window'));
    await first.admit(policyOf(name, 'sliding-window'), '42', { cost: SIZE });
    await first.follow(policyOf(name, 'token-bucket'));

    const second = await startDaemon();
    await second.follow(policyOf(name, 'token-bucket'));

    expect((await second.admit(policyOf(name, 'token-bucket'), '42')).admitted).toBe(false);
  });

  test('a look at a quota after a window took over shows what was taken and changes nothing', async () => {
    const name = `p${randomUUID()}`;
    const store = await openLimitStore(space);
    await store.follow(policyOf(name, 'token-bucket'));
    await store.admit({ policy: policyOf(name, 'token-bucket'), subject: '42', cost: 3 });
    await store.follow(policyOf(name, 'sliding-window'));

    const looks = [1, 2].map(() => store.read('42', policyOf(name, 'sliding-window')));

    expect(await Promise.all(looks)).toMatchObject(Array(2).fill([{ remaining: 2 }]));
  });

  test('two buckets of one policy that become windows at once, each keeps what was taken from it', async () => {
    const name = `p${randomUUID()}`;
    const of = (algorithm: Limit['algorithm']): Policy => ({
      ...policyOf(name, algorithm),
      limits: [5, 9].map((limit) => ({ name: `of-${limit}`, algorithm, limit, windowMs: 600_000 })),
    });
    const store = await openLimitStore(space);
    await store.follow(of('token-bucket'));
    await store.admit({ policy: of('token-bucket'), subject: '42', cost: 3 });
    await store.follow(of('sliding-window'));
    // The smaller one first, so that it must not hide what the larger one lacks.
    await store.override({ subject: '42', policy: name, limitName: 'of-5', limit: 1 });
    await store.admit({ policy: of('sliding-window'), subject: '42' });

    const limits = await store.read('42', of('sliding-window'));

    expect(limits.map(({ remaining }) => remaining)).toEqual([0, 6]);
    await store.clear({ subject: '42', policy: name, limitName: 'of-5' });
    const [cleared] = await store.read('42', of('sliding-window'));
    expect(cleared?.remaining).toBe(2);
  });
});
