import type { Policy } from '../../../daemon/quota/policies';
import { policyOf } from '../limit_store';
import type { Part } from './battery';
import { ask, everyPolicy, shadows, single, WINDOW_MS, WINDOW_US, window, windows } from './policies';

/** What is old goes, a few at a time; what is new, and what another daemon counts, stays. */
export const purges: Part = async ({ store, redis, nowUs, ask: call }) => {
  const limits = policyOf([window(3)], { name: 'purged', rememberMs: WINDOW_MS });
  for (const oldCount of [0, 2, 3, 9]) {
    const subject = `gus-${oldCount}`;
    const key = store.keys.taken('purged', subject);
    for (let at = 0; at < oldCount; at += 1)
      await redis.zadd(key, String(nowUs - WINDOW_US - 9 + at), `old-${at}`);
    for (const sign of ['', '-'])
      for (const us of [0, 1]) await redis.zadd(key, `${sign}${nowUs - WINDOW_US + us}`, `edge${sign}${us}`);
    // Two more are on the edge, so that two old ones are as many as one call removes.
    for (const name of oldCount === 2 ? ['g1'] : ['g1', 'g2', 'g3']) {
      await redis.pexpire(key, 50_000);
      await call(ask(limits, name, { subject }));
    }
    await call(ask(limits, 'g4', { subject, cost: 3 }));
  }
};

/** The tokens of a request, and of its neighbour of one token, that were dated anew in two steps; asked for each cost. */
export const partedTokens: Part = async ({ store, redis, ask: call, nowUs }) => {
  const key = store.keys.taken('windows', 'pia');
  const pia = (name: string, cost: number) => ask(windows, name, { subject: 'pia', cost });
  await call(pia('p1', 3), pia('p2', 1));
  for (const token of await redis.zrangeBuffer(key, '0', '-1'))
    if (token.length > 16 && token.at(-1) === 3) await redis.zadd(key, String(nowUs - 1), token);
  for (const cost of [1, 2, 3, 4]) await call(pia('p1', cost), pia('p2', cost));
};

/** More requests than a set may remember: the oldest of those that do not count go. */
export const excesses: Part = async ({ store, redis, nowUs, ask: call }) => {
  for (const [name, extra, policy] of [
    ['few', 0, shadows],
    ['one', 1, shadows],
    ['some', 4, shadows],
    ['many', 9, shadows],
    ['counted', 9, policyOf([window(100)], { name: 'roomy' })],
  ] as const) {
    const key = store.keys.taken(policy.name, name);
    const sign = name === 'counted' ? '' : '-';
    const members = Array.from({ length: 69 + extra }, (_, at) => [`${sign}${nowUs - 100 + at}`, `m-${at}`]);
    await redis.zadd(key, ...members.flat());
    if (name === 'few') await redis.zadd(key, String(nowUs - 5), 'counts');
    for (const id of extra === 4 ? ['e1'] : ['e1', 'e2']) {
      await redis.pexpire(key, 30_000);
      await call(ask(policy, id, { subject: name }));
    }
  }
};

/** A clock that has gone back, in each kind of state. */
export const clocks: Part = async (bench) => {
  const { pass, ask: call, store } = bench;
  const ida = (policy: Policy, name: string, cost = 1) => ask(policy, name, { subject: 'ida', cost });
  const all = (name: string) =>
    call(...everyPolicy.map((policy) => ida(policy, `${name}-${policy.name}`, 2)));
  await pass(WINDOW_US * 10);
  await all('ahead');
  await pass(-WINDOW_US * 5);
  for (const policy of everyPolicy) await store.read('ida', policy);
  await all('behind');
  await pass(1);
  await all('on');
  await call(ida(single, 'x'), ida(single, 'y'));
};
