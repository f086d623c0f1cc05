import { policyOf } from '../limit_store';
import type { Part } from './battery';
import { ask, everyPolicy, mixed, single, WINDOW_US, window } from './policies';

/** Costs, ids, repeats, reused ids and deadlines, to the microsecond of each boundary. */
export const decisions: Part = async ({ ask: call, pass, store, nowUs }) => {
  for (const policy of everyPolicy) {
    const { name } = policy;
    await call(
      ask(policy, `${name}-1`),
      ask(policy, `${name}-2`, { cost: 2 }),
      ask(policy, `${name}-3`, { subject: 'bob' }),
    );
    await pass(WINDOW_US / 10);
    await call(
      ask(policy, `${name}-2`, { cost: 2 }),
      ask(policy, `${name}-1`, { cost: 2 }),
      ask(policy, `${name}-4`, { cost: 3 }),
    );
    await call(ask(policy, `${name}-5`), ask(policy, `${name}-6`, { cost: 9 }), ask(policy, `${name}-7`));
    for (const us of [WINDOW_US / 4, WINDOW_US * 0.65 - 1, 1, WINDOW_US / 10 - 1, 1]) {
      await pass(us);
      await call(ask(policy, `${name}-${us}`, { cost: 1 }), ask(policy, `${name}-${us}-all`, { cost: 3 }));
      await store.read('ada', policy);
    }
  }
  const [late, now] = [nowUs - 1, nowUs];
  await pass(now - nowUs);
  await call(
    ask(single, 'late', { subject: 'cid', deadlineUs: late }),
    ask(single, 'due', { subject: 'cid', deadlineUs: now }),
  );
};

export const deadlines: Part = async (bench) => {
  const at = (deltaUs: number) => ({ subject: 'cid', deadlineUs: bench.nowUs + deltaUs });
  await bench.ask(ask(single, 'late', at(-1)), ask(single, 'due', at(0)), ask(single, 'early', at(1)));
};

/** The ids of a set: none, the most that are listed, and one more. */
export const lists: Part = async ({ ask: call }) => {
  const large = policyOf([window(65)], { name: 'large' });
  const hal = (name: string, cost = 1) => ask(large, name, { subject: 'hal', cost });
  await call(...Array.from({ length: 63 }, (_, at) => hal(`h${at}`)), hal('no', 3));
  await call(hal('h63'), hal('no', 2), hal('h64'), hal('no'), hal('no', 2));
  await call(hal('two', 1), { ...hal('none'), wantsIds: false });
  await call(
    ask(single, 'full', { subject: 'hal', cost: 3 }),
    ask(single, 'no', { subject: 'hal', requestId: undefined }),
  );
};

/** One corrupt key among others, and a store that is another one. */
export const faults: Part = async ({ redis, store, ask: call }) => {
  await redis.set(store.keys.taken('mixed', 'corrupt'), 'x');
  await redis.set(store.keys.bucket('mixed', 'b', 'half'), 'x');
  await redis.set(store.keys.admissions(0, 'broken'), 'x');
  const broken = { ...single, name: 'broken' };
  await call(
    ask(mixed, 'j1', { subject: 'corrupt' }),
    ask(mixed, 'j2', { subject: 'jan' }),
    ask(mixed, 'j3', { subject: 'half' }),
    ask(broken, 'j4'),
  );
  await redis.hset(
    store.keys.control(0),
    'summary',
    JSON.stringify({ claim: 'other', overrides: 0, retain_us: {}, grown_until_us: {} }),
  );
  await store.admit(ask(single, 'j5')).catch(() => undefined);
};

export const fullMemory: Part = async ({ redis, ask: call }) => {
  const kim = (name: string, cost = 1) => ask(mixed, name, { subject: 'kim', cost });
  await call(kim('k1', 5));
  await redis.config('SET', 'maxmemory', '1');
  await call(kim('k1', 5), kim('k2'), ask(mixed, 'k3', { subject: 'lea' })).finally(() =>
    redis.config('SET', 'maxmemory', '0'),
  );
};
