import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Limit } from '../../daemon/quota/limits';
import type { Policy } from '../../daemon/quota/policies';
import { type Ask, type LimitStore, openLimitStore, policyOf } from './limit_store';

/**
 * The text of a file as the battery asks it: the time comes from two keys, so that it can be set to the microsecond, and
 * what is bounded by thousands is bounded by few.
 */
export function forBattery(text: string, file: string): string {
  if (file === 'lib/clock') return text.replaceAll("redis.call('TIME')", "redis.call('MGET', 's', 'us')");
  return text
    .replace(/(PURGED_PER_CALL|REDATED_PER_CALL|MOST_REMEMBERED) = \d+/g, '$1 = 4')
    .replace(/MOST_MEMBERS = \d+/, 'MOST_MEMBERS = 70');
}

const SECOND_US = 1_000_000;
/** The windows outlast the test in real time, by which keys expire; the clock that is set moves as it likes. */
const WINDOW_MS = 100_000;
const WINDOW_US = WINDOW_MS * 1000;
/** In the past, so that overrides that have ended by it have ended by the real clock too. */
const START_US = 1_700_000_000 * SECOND_US + 5000;

const window = (limit: number, more: Partial<Limit> = {}): Limit =>
  ({ name: 'w', algorithm: 'sliding-window', limit, windowMs: WINDOW_MS, ...more }) as Limit;
const bucket = (limit: number, more: Partial<Limit> = {}): Limit =>
  ({ name: 'b', algorithm: 'token-bucket', limit, windowMs: WINDOW_MS, ...more }) as Limit;

/** Every reply of a library, and what it left behind, in the order of what was asked. */
export type Transcript = readonly string[];

interface Bench {
  readonly redis: Redis;
  readonly store: LimitStore;
  nowUs: number;
  /** Moves the clock. */
  pass(us: number): Promise<void>;
  ask(...asks: Ask[]): Promise<void>;
}

/**
 * Asks a library of everything that its files do. The same library always answers the same; with a transcript of
 * another one, stops at the first difference and returns undefined.
 */
export async function transcribe(
  redis: Redis,
  version: string,
  expected?: Transcript,
): Promise<Transcript | undefined> {
  const notes: string[] = [];
  let hasDiverged = false;
  const note = (what: unknown) => {
    const text = scrub(JSON.stringify(what));
    if (expected !== undefined && expected[notes.length] !== text) {
      hasDiverged = true;
      throw new Error('the library answers otherwise');
    }
    notes.push(text);
  };
  const restore = listen(redis, version, note);
  try {
    const bench = await openBench(redis);
    for (const part of PARTS) {
      await part(bench);
      note(await contentsOf(redis));
    }
    return hasDiverged ? undefined : notes;
  } catch (error) {
    // A reply that nothing can read is another one, too.
    if (expected !== undefined) return undefined;
    throw error;
  } finally {
    restore();
  }
}

/** Lets calls of functions go to those of a version, and notes their replies before anything reads them. */
function listen(redis: Redis, version: string, note: (what: unknown) => void): () => void {
  const send = redis.sendCommand.bind(redis);
  redis.sendCommand = (command, stream) => {
    if (command.name.toLowerCase() !== 'fcall') return send(command, stream);
    command.args[0] = String(command.args[0]).replace(/_[0-9a-f]{8}$/, `_${version}`);
    const reply = send(command, stream) as Promise<unknown>;
    return reply.then(
      (value) => {
        note(JSON.parse(JSON.stringify(value, latin1)));
        return value;
      },
      (error: Error) => {
        note(error.message);
        throw error;
      },
    );
  };
  return () => {
    redis.sendCommand = send;
  };
}

function latin1(_: string, value: unknown): unknown {
  const isBuffer = typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer';
  return isBuffer && 'data' in value ? Buffer.from(value.data as number[]).toString('latin1') : value;
}

async function openBench(redis: Redis): Promise<Bench> {
  await setClock(redis, START_US);
  const store = await openLimitStore({ admissions: redis, prefix: '' });
  const bench: Bench = {
    redis,
    store,
    nowUs: START_US,
    async pass(us: number) {
      bench.nowUs += us;
      await setClock(redis, bench.nowUs);
    },
    async ask(...asks: Ask[]) {
      await store.admitAll(asks.map((each) => ({ wantsIds: true, ...each })));
    },
  };
  return bench;
}

async function setClock(redis: Redis, nowUs: number): Promise<void> {
  await redis.mset('s', Math.floor(nowUs / SECOND_US), 'us', nowUs % SECOND_US);
}

/** Each claim has an epoch of its own, and a fault names the version and the line. */
function scrub(text: string): string {
  return text.replaceAll(/[0-9a-f-]{36}/g, 'EPOCH').replaceAll(/(user_function|quota_\w+)(:\d+)?/g, 'LUA');
}

/** Times to live are noted in steps: real time passes meanwhile. */
const TTL_STEP_MS = 8000;

/** All that Redis holds; what belongs to subjects is then removed. */
async function contentsOf(redis: Redis): Promise<unknown> {
  const keys = (await redis.keys('*')).sort();
  const types = await Promise.all(keys.map((key) => redis.type(key)));
  const contents = await Promise.all(keys.map((key, at) => contentOf(redis, key, types[at])));
  const ofSubjects = keys.filter((key) => /^(taken|bucket|shadow|admissions)/.test(key));
  if (ofSubjects.length > 0) await redis.del(...ofSubjects);
  return contents;
}

async function contentOf(redis: Redis, key: string, type: string | undefined): Promise<unknown> {
  const ttl = redis.pttl(key).then((ms) => Math.ceil(ms / TTL_STEP_MS));
  if (type === 'zset') {
    const parts = await redis.zrangeBuffer(key, '0', '-1', 'WITHSCORES');
    return [key, await ttl, parts.map((part) => part.toString('latin1'))];
  }
  if (type === 'hash') return [key, await ttl, Object.entries(await redis.hgetall(key)).sort()];
  if (type === 'stream') return [key, await ttl, await redis.xrange(key, '-', '+')];
  return [key, await ttl, await redis.get(key)];
}

/** The id of a request, by a name. */
function idOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}

const ask = (policy: Policy, name: string, more: Partial<Ask> = {}): Ask => {
  return { policy, subject: 'ada', requestId: idOf(name), ...more };
};

const mixed = policyOf([window(5), bucket(7), window(3, { name: 'tried', shadow: true })], { name: 'mixed' });
const windows = policyOf([window(4), window(3, { name: 'short', windowMs: WINDOW_MS / 4 })], {
  name: 'windows',
});
const single = policyOf([window(3)], { name: 'single', rememberMs: WINDOW_MS });
const buckets = policyOf([bucket(5), bucket(3, { name: 'small', windowMs: 70_000 })], { name: 'buckets' });
const shadows = policyOf([window(2, { shadow: true }), bucket(2, { shadow: true })], { name: 'shadows' });
const forgetful = policyOf([bucket(4)], { name: 'forgetful', rememberMs: 0 });
const everyPolicy = [mixed, windows, single, buckets, shadows, forgetful];

type Part = (bench: Bench) => Promise<void>;

/** Costs, ids, repeats, reused ids and deadlines, to the microsecond of each boundary. */
const decisions: Part = async ({ ask: call, pass, store, nowUs }) => {
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

const deadlines: Part = async (bench) => {
  const at = (deltaUs: number) => ({ subject: 'cid', deadlineUs: bench.nowUs + deltaUs });
  await bench.ask(ask(single, 'late', at(-1)), ask(single, 'due', at(0)), ask(single, 'early', at(1)));
};

/** Overrides larger, smaller, of nothing, ended and cleared; what they leave of a bucket. */
const overrides: Part = async (bench) => {
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

const resets: Part = async ({ store, ask: call, pass }) => {
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
const reloads: Part = async (bench) => {
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

/** What is old goes, a few at a time; what is new, and what another daemon counts, stays. */
const purges: Part = async ({ store, redis, nowUs, ask: call }) => {
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

/** More requests than a set may remember: the oldest of those that do not count go. */
const excesses: Part = async ({ store, redis, nowUs, ask: call }) => {
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

/** The ids of a set: none, the most that are listed, and one more. */
const lists: Part = async ({ ask: call }) => {
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

/** A clock that has gone back, in each kind of state. */
const clocks: Part = async (bench) => {
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

/** One corrupt key among others, and a store that is another one. */
const faults: Part = async ({ redis, store, ask: call }) => {
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

const fullMemory: Part = async ({ redis, ask: call }) => {
  const kim = (name: string, cost = 1) => ask(mixed, name, { subject: 'kim', cost });
  await call(kim('k1', 5));
  await redis.config('SET', 'maxmemory', '1');
  await call(kim('k1', 5), kim('k2'), ask(mixed, 'k3', { subject: 'lea' })).finally(() =>
    redis.config('SET', 'maxmemory', '0'),
  );
};

/** A bucket whose size changes between two takings, at odd moments; the rounding is upwards. */
const sizes: Part = async (bench) => {
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
const forgotten: Part = async (bench) => {
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

/** A bucket that is partly full again when a window takes over from it, and the other way round. */
const conversions: Part = async ({ store, ask: call, pass }) => {
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
const twoConversions: Part = async ({ store, ask: call, pass }) => {
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

/** The last makes the store another one. */
const PARTS: readonly Part[] = [
  decisions,
  deadlines,
  overrides,
  sizes,
  forgotten,
  resets,
  reloads,
  conversions,
  twoConversions,
  purges,
  excesses,
  lists,
  clocks,
  fullMemory,
  faults,
];
