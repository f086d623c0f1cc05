import type { Bench, Part } from './battery';
import {
  announce,
  begin,
  beginCalls,
  FORGET_US,
  forgetIdle,
  lease,
  noteProgress,
  rewrite,
} from './erasure_calls';
import { connect, everything, fold, LONG, refundConnection, SHORT } from './fold_calls';
import { ask, mixed } from './policies';

const DAY_US = 86_400_000_000;

/** States, overrides, counts, refunds and logs of some subjects. */
async function fill(bench: Bench): Promise<void> {
  const { store, ask: call, pass } = bench;
  await store.follow(mixed);
  for (const subject of ['ada', 'ada:b', 'bob']) {
    await call(
      ask(mixed, `1 of ${subject}`, { subject }),
      ask(mixed, `2 of ${subject}`, { subject, cost: 2 }),
    );
    await store.override({ subject, policy: 'mixed', limitName: 'w', limit: 9 });
  }
  await connect(bench, ['ada', 'bob', 'ada']);
  await connect(bench, ['ada'], 1);
  await connect(bench, ['bob', 'ada:b'], 2, 'service');
  await fold(bench, { query: everything(SHORT) });
  await pass(10);
  await refundConnection(bench, 'ada', { agoUs: 4 });
  await refundConnection(bench, 'bob', { agoUs: 4, us: 1 });
  await pass(10);
}

const cutoffOf = async ({ redis, store: { keys } }: Bench, policy = 'connection') =>
  (await redis.xrevrange(keys.admissions(0, policy), '+', '-', 'COUNT', 1))[0]?.[0] ?? '';

/** Who is erased: all that holds the subject alone goes at once, once all policies and windows are named. */
export const begunErasures: Part = async (bench) => {
  const { redis, store, look, pass } = bench;
  const { refunds } = store.keys.usage(0);
  await fill(bench);
  // Refunds of connections that are not folded yet.
  for (const policy of ['connection', 'service'])
    await redis.zadd(refunds(policy), 5, '5-1 3 ada', 6, '5-2 3 bob', 7, '5-3 3 ada b');
  await begin(bench, { claim: 'another' });
  await begin(bench, { policies: ['connection', 'service'] });
  await begin(bench, { windows: [SHORT] });
  await look();
  await begin(bench);
  await look();
  await fold(bench, { query: everything(LONG) });
  await look();
  await pass(1);
  await begin(bench, { id: 'e2' });
  await begin(bench, { id: 'e3', subject: 'bob', most: 1 });
  await begin(bench, { id: 'e4', most: 1 });
  await begin(bench, { id: 'e5', subject: 'bob', most: 2, hash: '' });
  await look();
};

/** Who was erased is kept for a week, and not too many. */
export const keptErasures: Part = async (bench) => {
  const { redis, store, look, pass, nowUs } = bench;
  const { erased } = store.keys.erasures(0);
  await fill(bench);
  await redis.zadd(erased, nowUs - 7 * DAY_US + 20, 'a week ago', nowUs - 7 * DAY_US + 21, 'less');
  await pass(1);
  await begin(bench);
  await look();
  for (let at = 0; at < 6; at += 1) {
    await pass(1);
    await begin(bench, { id: `more-${at}`, subject: `user-${at}` });
  }
  await look();
};

/** What was logged before an erasure began no longer counts; what comes after does. */
export const foldedErasures: Part = async (bench) => {
  const { look, pass } = bench;
  await fill(bench);
  await connect(bench, ['ada', 'bob', 'cid'], 0);
  await connect(bench, ['cid', 'ada'], 1);
  await begin(bench);
  await begin(bench, { id: 'e2', subject: 'bob' });
  await connect(bench, ['ada', 'bob'], 2);
  await pass(10);
  for (const budget of [3, 100]) {
    await fold(bench, { budget, query: everything(SHORT) });
    await look();
  }
  await pass(SHORT * 1000);
  for (const budget of [1, 3, 100]) await fold(bench, { budget, query: everything(LONG) });
  await look();
};

/** A log is copied without a subject, in steps, by the holder of the lease, up to where the erasure began. */
export const rewrittenLogs: Part = async (bench) => {
  const { redis, store, look, pass } = bench;
  const log = store.keys.admissions(0, 'connection');
  await fill(bench);
  for (let at = 0; at < 20; at += 1) await connect(bench, at % 3 === 0 ? ['ada'] : ['ada', `user-${at}`], at);
  await pass(30);
  const cutoff = await cutoffOf(bench);
  await rewrite(bench, { until: { cutoff } });
  await lease(bench);
  await begin(bench);
  await rewrite(bench, { until: { cutoff }, daemon: 'two' });
  await connect(bench, ['ada', 'bob'], 40);
  await connect(bench, ['ada'], 41);
  for (const budget of [1, 5, 12]) {
    await rewrite(bench, { until: { cutoff }, budget });
    await look();
  }
  await redis.xtrim(log, 'MAXLEN', 12);
  await rewrite(bench, { until: { cutoff } });
  await look();
  await fold(bench, { query: everything(SHORT) });
  await rewrite(bench, { until: { cutoff } });
  await look();
  await redis.pexpire(log, 60_000);
  await connect(bench, ['ada'], 50);
  await rewrite(bench, { until: { cutoff: await cutoffOf(bench) } });
  await look();
  await fold(bench, { query: everything(LONG) });
};

/** Logs that are empty, missing, or hold nobody else; and one that folding must reach first. */
export const rewrittenEdges: Part = async (bench) => {
  const { redis, store, look, pass } = bench;
  const log = store.keys.admissions(0, 'connection');
  await lease(bench);
  await redis.xadd(log, '1-1', 'ada', '1');
  await redis.xdel(log, '1-1');
  await rewrite(bench, { until: { cutoff: '9-9' } });
  await redis.del(log);
  await redis.xadd(`${log}:copy`, '1-1', 'left', '1');
  await rewrite(bench, { until: { cutoff: '9-9' } });
  await look();
  for (let at = 0; at < 3; at += 1) await connect(bench, ['ada'], at);
  await rewrite(bench, { until: { cutoff: await cutoffOf(bench) }, budget: 2 });
  await redis.del(`${log}:copy`);
  await rewrite(bench, { until: { cutoff: '0-1' } });
  await look();
  await rewrite(bench, { until: { cutoff: await cutoffOf(bench) } });
  await look();
  for (let at = 5; at < 23; at += 1) await connect(bench, ['bob'], at);
  await pass(30);
  await rewrite(bench, { until: { cutoff: '0-1' } });
  await fold(bench, { budget: 1 });
  await fold(bench, { budget: 1 });
  for (let at = 0; at < 20; at += 1) {
    await rewrite(bench, { until: { cutoff: at < 10 ? await cutoffOf(bench) : '0-1' } });
    await fold(bench, { budget: 1 });
  }
  await look();
  await redis.xtrim(log, 'MAXLEN', 3);
  await rewrite(bench, { until: { cutoff: '0-1' }, budget: 1 });
  await redis.xtrim(log, 'MAXLEN', 0);
  await rewrite(bench, { until: { cutoff: '0-1' } });
  await look();
};

/** A log of denials names its moment in each entry. */
export const rewrittenDenials: Part = async (bench) => {
  const { redis, store, nowUs, look } = bench;
  const log = store.keys.denials(0, 'connection');
  await lease(bench);
  for (const us of [-1, 0, 1])
    for (const subject of ['ada', 'bob'])
      await redis.xadd(log, `${nowUs + us}-*`, subject, '1', '', String(nowUs + us));
  await rewrite(bench, { log, until: { before_us: nowUs }, isCounted: false });
  await look();
};

/** The progress of an erasure, and how long one that has ended is reported. */
export const notedErasures: Part = async (bench) => {
  const { look, pass, nowUs } = bench;
  await fill(bench);
  const begunUs = bench.nowUs;
  await begin(bench);
  for (const noted of [{ begunUs: begunUs + 1 }, { begunUs, stepsDone: 4 }, { begunUs, id: 'unknown' }])
    await noteProgress(bench, noted);
  await look();
  await noteProgress(bench, { begunUs });
  await noteProgress(bench, { begunUs });
  await look();
  for (let at = 0; at < 4; at += 1) {
    await pass(1);
    await begin(bench, { id: `more-${at}`, subject: `user-${at}` });
    await noteProgress(bench, { id: `more-${at}`, begunUs: begunUs + at + 1 });
    await look();
  }
  for (const us of [FORGET_US - 2, 1]) {
    await pass(us);
    await begin(bench, { id: `later-${us}`, subject: `later-${us}` });
    await noteProgress(bench, { id: `later-${us}`, begunUs: bench.nowUs, mostEnded: 9 });
    await look();
  }
  await pass(begunUs - nowUs);
};

/** The record of calls: the lease, the last entry, and subjects without calls. */
export const erasedCalls: Part = async (bench) => {
  const { redis, store, look } = bench;
  const { bySubject, log } = store.keys.calls(0);
  for (const [daemon, ms] of [
    ['one', 60_000],
    ['two', 60_000],
    ['one', 120_000],
  ] as const)
    await lease(bench, daemon, ms);
  await look();
  await redis.zadd(bySubject, 2, 'ada', 0, 'bob', 1, 'cid');
  await redis.set(store.keys.callRequests('ada'), 'ids');
  await beginCalls(bench, { mark: 'none', subject: 'dan' });
  await redis.xadd(log, '5-1', 'ada', 'vente');
  await redis.xadd(log, '5-2', 'bob', 'vente');
  await beginCalls(bench, { mark: 'first', claim: 'another' });
  await beginCalls(bench, { mark: 'first' });
  await redis.xadd(log, '6-1', 'bob', 'vente');
  await redis.zadd(bySubject, 1, 'ada');
  await beginCalls(bench, { mark: 'first' });
  await beginCalls(bench, { mark: 'second', subject: 'cid' });
  await look();
  for (const subject of ['ada', 'bob', 'nobody']) await forgetIdle(bench, subject);
  await announce(bench, 'mark');
  await look();
};
