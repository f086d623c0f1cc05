import { pack } from '../../../daemon/redis/packing';
import { policyOf } from '../limit_store';
import type { Bench, Part } from './battery';
import {
  ask,
  bucket,
  buckets,
  everyPolicy,
  forgetful,
  mixed,
  shadows,
  single,
  WINDOW_MS,
  WINDOW_US,
  windows,
} from './policies';

const TENTH_US = WINDOW_US / 10;
const QUARTER_US = WINDOW_US / 4;
const THIRD_US = Math.floor(WINDOW_US / 3);

const logged = policyOf([...mixed.limits], { name: 'logged', recordsConnections: true });

/** Written in one call, so long ago each, with the cost that the name ends with. */
async function restore({ store, nowUs, look }: Bench, policies: readonly (typeof mixed)[], agoUs: number) {
  await store.restore(
    policies.flatMap((policy) =>
      [1, 2].map((cost) => ({
        ...ask(policy, `${policy.name}-${agoUs}-${cost}`, { cost }),
        atUs: nowUs - agoUs,
      })),
    ),
  );
  await look();
}

/** Admissions of an outage, written at their own times: into nothing, beside others, again, and from the future. */
export const restored: Part = async (bench) => {
  const { pass, ask: call, store, look } = bench;
  const all = [...everyPolicy, logged];
  for (const agoUs of [0, 1, THIRD_US, WINDOW_US - 1, WINDOW_US, 2 * WINDOW_US, -5_000_000])
    await restore(bench, all, agoUs);
  // What the store holds is left alone.
  await restore(bench, all, THIRD_US);
  for (const policy of all) {
    await store.read('ada', policy);
    await call(ask(policy, `${policy.name}-1-1`), ask(policy, `new-${policy.name}`));
  }
  // Ids of the log only grow, the clock may go back.
  await pass(-1);
  await restore(bench, [logged, single], THIRD_US + 7);
  for (const us of [1, QUARTER_US, WINDOW_US / 2, WINDOW_US]) {
    await pass(us);
    await look();
    for (const policy of all) await store.read('ada', policy);
    await restore(bench, all, QUARTER_US / 2);
  }
};

/** Buckets that were taken from before the outage, during it and since, of other sizes than then. */
export const restoredBuckets: Part = async (bench) => {
  const { pass, ask: call, store } = bench;
  const larger = policyOf([bucket(9), bucket(6, { name: 'small', windowMs: 70_000 })], { name: 'buckets' });
  for (const agoUs of [1, TENTH_US, WINDOW_US / 2]) {
    for (const policy of [buckets, larger, forgetful]) {
      await call(ask(policy, `before-${agoUs}`, { cost: 2 }));
      await pass(TENTH_US * 2);
      await restore(bench, [policy], agoUs);
      await store.read('ada', policy);
      await pass(TENTH_US + 1);
      await store.read('ada', policy);
      await restore(bench, [policy], THIRD_US);
      await call(ask(policy, `after-${agoUs}`));
    }
    await pass(3 * WINDOW_US);
  }
  // All has come back, but had not when it was admitted; and one that nothing is missing from any more.
  await call(ask(buckets, 'long-ago', { cost: 5 }));
  await pass(2 * WINDOW_US);
  await restore(bench, [buckets], 2 * WINDOW_US - 1000);
  await restore(bench, [larger], 3 * WINDOW_US);
};

/** One that cannot be written, among others that can; shadows that are full; limits that an override has made smaller. */
export const restoredFaults: Part = async (bench) => {
  const { redis, store, pass, nowUs, look } = bench;
  await redis.set(store.keys.taken('single', 'eve'), 'not a set');
  await redis.set('bucket:{0}:mixed:b:zoe', 'not a hash');
  const entry = (subject: string, policy = single, name = subject) => {
    return { ...ask(policy, name), subject, atUs: nowUs - 1000 };
  };
  await store.restore([
    entry('ada'),
    entry('eve'),
    entry('bob'),
    entry('zoe', mixed),
    entry('ada', windows, 'w'),
  ]);
  // All of it has come back by now: its key must end all the same.
  await store.restore([{ ...entry('old', buckets), atUs: nowUs - 2 * WINDOW_US }]);
  await look();
  for (let number = 0; number < 4; number += 1)
    await store.restore([entry('ada', shadows, `s${number}`), entry('ada', mixed, `m${number}`)]);
  await store.override({ subject: 'ada', policy: 'mixed', limitName: 'b', limit: 2 });
  await store.restore([entry('ada', mixed, 'smaller')]);
  await pass(WINDOW_MS);
  await store.read('ada', mixed);
};

/** What was admitted before erasures that are known by name or by hash, and after them, to the microsecond. */
export const restoredErased: Part = async (bench) => {
  const { redis, store, nowUs, look } = bench;
  const { running, erased } = store.keys.erasures(0);
  const beganUs = nowUs - 1000;
  await redis.hset(running, 'id', pack({ subject: 'ivy', begun_us: beganUs }));
  await redis.zadd(erased, beganUs, 'hash of joe');
  for (const laterUs of [-1, 0, 1]) {
    await store.restore(
      ['ivy', 'joe', 'kim'].map((subject) => {
        return { ...ask(single, `${subject}-${laterUs}`), subject, atUs: beganUs + laterUs };
      }),
    );
    await look();
  }
};
