import { policyOf } from '../limit_store';
import type { Bench, Part } from './battery';
import {
  ask,
  bucket,
  buckets,
  everyPolicy,
  mixed,
  shadows,
  single,
  WINDOW_MS,
  WINDOW_US,
  window,
  windows,
} from './policies';

/** Gives back a request, by the name of its id; a failure is noted as well. */
async function refund({ store, look }: Bench, policy: typeof mixed, name: string, subject = 'ada') {
  const { requestId = '' } = ask(policy, name);
  await store.refund({ policy, subject, requestId }).catch(() => undefined);
  await look();
}

/** Of each policy: one that is unknown, each cost, a second time, asked again, and after it has come back. */
export const refunds: Part = async (bench) => {
  const { ask: call, pass, store } = bench;
  for (const policy of everyPolicy) {
    const { name } = policy;
    await refund(bench, policy, `${name}-never`);
    await call(
      ask(policy, `${name}-1`),
      ask(policy, `${name}-2`, { cost: 2 }),
      ask(policy, `${name}-3`, { cost: 3 }),
    );
    await pass(1);
    await call(ask(policy, `${name}-4`), ask(policy, `${name}-5`));
    for (const request of ['2', '2', '1', '4']) await refund(bench, policy, `${name}-${request}`);
    await call(ask(policy, `${name}-2`, { cost: 2 }), ask(policy, `${name}-2`), ask(policy, `${name}-6`));
    for (const us of [WINDOW_US / 10, WINDOW_US / 4, WINDOW_US]) {
      await pass(us);
      await call(ask(policy, `${name}-${us}`, { cost: 2 }));
      await refund(bench, policy, `${name}-3`);
      await refund(bench, policy, `${name}-${us}`);
      await store.read('ada', policy);
    }
  }
};

/** To the microsecond at which a bucket's tokens have come back, and of sizes that an override has made. */
export const refundedBuckets: Part = async (bench) => {
  const { ask: call, pass, store } = bench;
  for (const us of [1, 20_000_000 - 1, 20_000_000, 20_000_001, WINDOW_US]) {
    await call(ask(buckets, `first-${us}`));
    await call(ask(buckets, `last-${us}`, { cost: 2 }));
    await pass(us);
    await call(ask(buckets, `new-${us}`));
    await refund(bench, buckets, `first-${us}`);
    await store.read('ada', buckets);
    await pass(2 * WINDOW_US);
  }
  const set = (limit: number) => store.override({ subject: 'ada', policy: 'buckets', limitName: 'b', limit });
  await set(9);
  await call(ask(buckets, 'large', { cost: 3 }), ask(buckets, 'other'));
  await set(2);
  await refund(bench, buckets, 'large');
  await set(0);
  await refund(bench, buckets, 'other');
  await store.clear({ subject: 'ada', policy: 'buckets', limitName: 'b' });
};

/** What the bucket is newer than: an operator's reset, and a reload that has added it. */
export const refundedBefore: Part = async (bench) => {
  const { ask: call, pass, store } = bench;
  for (const policy of [mixed, buckets, windows]) {
    await call(ask(policy, `${policy.name}-old`, { cost: 2 }));
    await pass(5);
    await store.reset('ada', policy);
    await call(ask(policy, `${policy.name}-new`, { cost: 2 }));
    await pass(5);
    await refund(bench, policy, `${policy.name}-old`);
    await refund(bench, policy, `${policy.name}-new`);
    await store.reset('ada', policy);
    await call(ask(policy, `${policy.name}-old`, { cost: 2 }));
  }
  const added = policyOf([...single.limits, bucket(4)], { name: 'single', rememberMs: WINDOW_MS });
  await call(ask(single, 'before', { subject: 'bob' }));
  await pass(1);
  await call(ask(added, 'after', { subject: 'bob' }));
  await refund(bench, added, 'before', 'bob');
  await refund(bench, added, 'after', 'bob');
  // A bucket that has taken over from a window, and has no state yet.
  await store.follow(added);
  await store.follow({ ...added, limits: [bucket(3, { name: 'w' }), bucket(4)] });
};

/** The first token of an exhausted limit, of some that are exhausted, of one that never has any, of a shadow. */
export const refundedEmpty: Part = async (bench) => {
  const { ask: call, pass, store } = bench;
  const gus = (policy: typeof mixed, name: string, cost = 1) => ask(policy, name, { subject: 'gus', cost });
  await call(gus(single, 'e1'), gus(single, 'e2', 2), gus(shadows, 'e3', 2), gus(windows, 'e4', 3));
  await pass(7);
  await call(gus(windows, 'e5'));
  for (const [policy, name] of [
    [single, 'e1'],
    [shadows, 'e3'],
    [windows, 'e4'],
  ] as const)
    await refund(bench, policy, name, 'gus');
  await store.override({ subject: 'gus', policy: 'single', limitName: 'w', limit: 0 });
  await refund(bench, single, 'e2', 'gus');
};

/** Tokens that were dated anew in two steps, after the clock had gone back; refunds in a log that is ahead. */
export const refundedBehind: Part = async (bench) => {
  const { ask: call, pass, look } = bench;
  const large = policyOf([window(30), window(12, { name: 'tried', shadow: true })], { name: 'large' });
  await call(ask(large, 'wide', { cost: 11 }), ask(large, 'next', { cost: 2 }));
  await pass(-20_000_000);
  for (const us of [3, 4]) {
    await pass(us);
    await call(ask(large, `behind-${us}`, { cost: 25 }));
    await look();
  }
  await refund(bench, large, 'wide');
  await refund(bench, large, 'next');
  await refund(bench, shadows, 'none');
  await call(ask(buckets, 'ahead', { subject: 'ida', cost: 3 }));
  await pass(-5_000_000);
  await refund(bench, buckets, 'ahead', 'ida');
};

/** What nothing needs any more goes, refunded or not; and a set that cannot be read. */
export const refundedLongAgo: Part = async (bench) => {
  const { redis, store, ask: call, pass } = bench;
  await call(ask(single, 'old', { subject: 'kay', cost: 2 }), ask(single, 'older', { subject: 'kay' }));
  await refund(bench, single, 'old', 'kay');
  for (const us of [WINDOW_US - 1, 1, 1, WINDOW_US]) {
    await pass(us);
    await redis.pexpire(store.keys.taken('single', 'kay'), 9000);
    await call(ask(single, `kay-${us}`, { subject: 'kay' }));
    await bench.look();
  }
  await redis.set(store.keys.taken('single', 'eve'), 'not a set');
  await redis.set('bucket:{0}:mixed:b:zoe', 'not a hash');
  await call(ask(single, 'e', { subject: 'eve' }));
  await refund(bench, single, 'e', 'eve');
  await refund(bench, mixed, 'z', 'zoe');
};
