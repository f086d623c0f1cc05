import type { Limit } from '../../../daemon/quota/limits';
import type { Policy } from '../../../daemon/quota/policies';
import { policyOf } from '../limit_store';
import type { Part } from './battery';
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

/** Overrides larger, smaller, of nothing, ended and cleared; what they leave of a bucket. */
export const overrides: Part = async (bench) => {
  const { store, ask: call, pass } = bench;
  const set = (limitName: string, limit: number, endsInMs?: number, subject = 'dan') =>
    store
      .override({
        subject,
        policy: 'mixed',
        limitName,
        limit,
        expireTimeMs: endsInMs === undefined ? undefined : Math.floor(bench.nowUs / 1000) + endsInMs,
      })
      .then(() => undefined);
  const dan = (name: string, cost = 1) => ask(mixed, name, { subject: 'dan', cost });
  await set('w', 2000);
  await set('b', 60, 30_000);
  await set('tried', 0, 40_000);
  await call(dan('o1', 31), dan('o2', 40), dan('o3', 2000));
  await pass(29_999_000);
  await call(dan('o4'));
  await pass(999);
  await call(dan('o5', 30));
  await pass(1);
  await call(dan('o6'), dan('o7', 8));
  await set('w', 0, 5000);
  await set('b', 3, 0);
  await set('b', 3, -1);
  await set('b', 3, 1);
  await call(dan('o8'), dan('o1', 31));
  await store.read('dan', mixed);
  await store.clear({ subject: 'dan', policy: 'mixed', limitName: 'w' });
  await store.clear({ subject: 'dan', policy: 'mixed', limitName: 'w' });
  await pass(20_000_000);
  await call(dan('o9'));
  for (const size of [0, 1, 7, 9]) {
    await set('b', size);
    await store.read('dan', mixed);
  }
};

/** Raises over nothing, over another raise, and over what operators have set; to the millisecond and the token. */
export const raises: Part = async (bench) => {
  const { store, pass } = bench;
  const target = { subject: 'zoe', policy: 'mixed', limitName: 'b' };
  const raise = (limit: number, durationMs: number) =>
    store.raise({ ...target, limit, durationMs, configuredLimit: 7 }).then(() => undefined);
  const set = (limit: number, endsInMs?: number) =>
    store.override({
      ...target,
      limit,
      expireTimeMs: endsInMs === undefined ? undefined : Math.floor(bench.nowUs / 1000) + endsInMs,
    });
  await raise(9, 5000);
  await raise(8, 5000);
  await raise(9, 4999);
  await raise(9, 5000);
  await raise(10, 5001);
  await bench.look();
  for (const limit of [6, 7, 8, 10]) {
    await set(limit, 1000);
    await raise(9, 5000);
    await bench.look();
  }
  await set(8);
  await raise(9, 5000);
  await set(0, 3);
  await raise(9, 5000);
  await pass(2999);
  await raise(9, 5000);
  await pass(1);
  await raise(9, 5000);
  await bench.look();
};

/** A bucket whose size changes between two takings, at odd moments; the rounding is upwards. */
export const sizes: Part = async (bench) => {
  const { store, ask: call, pass } = bench;
  const moe = (name: string, cost = 1) => ask(mixed, name, { subject: 'moe', cost });
  const set = (limit: number) => store.override({ subject: 'moe', policy: 'mixed', limitName: 'b', limit });
  await call(moe('m1', 2));
  await pass(3);
  await call(moe('m2'));
  for (const size of [10, 3, 7, 1, 9]) {
    await set(size);
    await store.read('moe', mixed);
  }
  await set(10);
  await call(moe('m3'));
  await store.clear({ subject: 'moe', policy: 'mixed', limitName: 'b' });
  await store.read('moe', mixed);
};

/** Overrides that have ended, end now, end later and never, as they are listed. */
export const forgotten: Part = async (bench) => {
  const { store, pass } = bench;
  await pass(1000 - (bench.nowUs % 1000));
  const nowMs = bench.nowUs / 1000;
  for (const [limitName, expireTimeMs] of [
    ['ended', nowMs + 1],
    ['ends', nowMs + 2],
    ['goes-on', nowMs + 3],
    ['never', undefined],
  ] as const)
    await store.override({ subject: 'ned', policy: 'mixed', limitName, limit: 1, expireTimeMs });
  await store.clear({ subject: 'ned', policy: 'mixed', limitName: 'never' });
  await pass(2000);
  await store.list();
};

export const resets: Part = async ({ store, ask: call, pass }) => {
  const eve = (policy: Policy, name: string, cost = 1) => ask(policy, name, { subject: 'eve', cost });
  for (const policy of everyPolicy)
    await call(eve(policy, `r-${policy.name}`, 2), eve(policy, `s-${policy.name}`));
  await pass(WINDOW_US / 4);
  await call(eve(windows, 'r-later'));
  await store.reset('eve', windows);
  await store.reset('eve', windows, mixed, buckets);
  await store.reset('eve', shadows, single);
  await store.reset('nobody', ...everyPolicy);
  for (const policy of everyPolicy) {
    await call(eve(policy, `r-${policy.name}`, 2), eve(policy, `t-${policy.name}`, 3));
    await store.read('eve', policy);
  }
  await pass(WINDOW_US);
  await call(eve(windows, 'after'));
};

/** Windows and algorithms that change, and what an announcement notes of it. */
export const reloads: Part = async (bench) => {
  const { store, ask: call, pass, redis } = bench;
  const named = (limits: Limit[], more: Partial<Policy> = {}) =>
    policyOf(limits, { name: 'changing', rememberMs: WINDOW_MS, ...more });
  const versions = [
    named([window(5, { windowMs: WINDOW_MS / 2 })], { rememberMs: WINDOW_MS / 2 }),
    named([window(5)]),
    named([bucket(5, { name: 'w' })]),
    named([window(4, { shadow: true }), bucket(9)]),
    named([window(4), bucket(3, { windowMs: WINDOW_MS * 2 })]),
    named([bucket(6, { name: 'w' }), window(9, { name: 'b' })]),
  ];
  for (const [at, version] of versions.entries()) {
    await store.follow(version);
    for (const cost of [1, 2, 3]) await call(ask(version, `v${at}-${cost}`, { cost, subject: 'fay' }));
    await call(ask(version, 'v0-1', { subject: 'fay' }), ask(version, 'v0-2', { subject: 'fay', cost: 2 }));
    await store.read('fay', version);
    await redis.pexpire(store.keys.taken('changing', 'fay'), 20_000);
    await call(ask(version, `v${at}-denied`, { cost: 9, subject: 'fay' }));
    await pass(WINDOW_US / 5);
  }
};

/** A bucket that is partly full again when a window takes over from it, and the other way round. */
export const conversions: Part = async ({ store, ask: call, pass }) => {
  const as = (limit: Limit) => policyOf([limit], { name: 'converted', rememberMs: WINDOW_MS });
  const [asBucket, asWindow] = [as(bucket(5, { name: 'w' })), as(window(5))];
  await store.follow(asBucket);
  await call(ask(asBucket, 'c1', { cost: 3 }), ask(asBucket, 'c1', { cost: 2, subject: 'bob' }));
  await pass(WINDOW_US / 8);
  await call(ask(asBucket, 'c7'));
  await store.follow(asWindow);
  await store.read('ada', asWindow);
  await call(ask(asWindow, 'c2', { cost: 3 }), ask(asWindow, 'c3', { cost: 2 }));
  await pass(WINDOW_US / 8);
  await call(ask(asWindow, 'c4', { cost: 3, subject: 'bob' }), ask(asWindow, 'c1', { cost: 3 }));
  await pass(WINDOW_US / 2);
  await store.follow(asBucket);
  await store.read('ada', asBucket);
  await call(ask(asBucket, 'c5'), ask(asBucket, 'c6', { subject: 'bob' }), ask(asBucket, 'c2', { cost: 3 }));
};

/** Two buckets that windows take over from at once, of a subject that a third window has counted already. */
export const twoConversions: Part = async ({ store, ask: call, pass }) => {
  const as = (...limits: Limit[]) => policyOf(limits, { name: 'twice', rememberMs: WINDOW_MS });
  const third = window(9, { name: 'third', windowMs: WINDOW_MS / 5 });
  const before = as(bucket(5, { name: 'one' }), bucket(8, { name: 'two' }), third);
  const after = as(window(5, { name: 'one' }), window(8, { name: 'two' }), third);
  await store.follow(before);
  await call(ask(before, 't1', { cost: 4 }));
  await pass(WINDOW_US / 10);
  await store.override({ subject: 'ada', policy: 'twice', limitName: 'one', limit: 9 });
  await call(ask(before, 't2', { cost: 2 }));
  await store.follow(after);
  await store.read('ada', after);
  await pass(WINDOW_US);
  await store.read('ada', after);
  await call(ask(after, 't3'), ask(after, 't4'), ask(after, 't5'));
};
