import type { Part } from './battery';
import {
  CONNECTION,
  connect,
  connectBehind,
  everything,
  fold,
  HOUR_US,
  KEEP_LOG_MS,
  LONG,
  MINUTE_US,
  refundConnection,
  SERVICE,
  SHORT,
} from './fold_calls';

/** Refunds folded with what they refund, after it, and in steps; one subject of an entry twice, and of two entries. */
export const foldedRefunds: Part = async (bench) => {
  const { pass, look } = bench;
  await connect(bench, ['ada', 'bob', 'ada', 'cid']);
  await connect(bench, ['ada', 'eve']);
  await pass(10);
  await refundConnection(bench, 'ada', { agoUs: 10 });
  await refundConnection(bench, 'cid', { agoUs: 10 });
  await fold(bench, { query: everything(SHORT) });
  await look();
  // One that no connection was made for, at that moment or by that user; and one of a log that records none.
  await refundConnection(bench, 'ada', { agoUs: 9 });
  await refundConnection(bench, 'zoe', { agoUs: 10 });
  await refundConnection(bench, 'ada', { agoUs: 10, policy: 'service' });
  await pass(10);
  for (let time = 0; time < 3; time += 1) await refundConnection(bench, 'ada', { agoUs: 20, us: time });
  await refundConnection(bench, 'eve', { agoUs: 20, us: 3 });
  await pass(5);
  for (const budget of [1, 1, 2, 9]) {
    await fold(bench, { budget, query: everything(LONG) });
    await look();
  }
};

/** To the microsecond at which what was refunded leaves each window, before its refund and after. */
export const retiredRefunds: Part = async (bench) => {
  const { pass, look } = bench;
  await connect(bench, ['ada', 'bob']);
  await fold(bench);
  await pass(40);
  await refundConnection(bench, 'ada', { agoUs: 40 });
  await connect(bench, ['ada'], 1);
  await pass(2);
  await fold(bench, { query: everything(SHORT) });
  for (const windowMs of [SHORT, LONG]) {
    await pass((windowMs === SHORT ? SHORT : LONG - SHORT) * 1000 - 43);
    for (const us of [0, 1, 1, 38, 1, 1, 1]) {
      await pass(us);
      await fold(bench, { query: everything(windowMs) });
    }
    await look();
  }
  // A refund of what has left the short window already.
  await connect(bench, ['dan', 'dan']);
  await fold(bench);
  await pass(SHORT * 1000 + 1);
  await fold(bench);
  await refundConnection(bench, 'dan', { agoUs: SHORT * 1000 + 1 });
  await pass(1);
  await fold(bench, { query: everything(LONG, 'dan') });
  await look();
  await pass((LONG - SHORT) * 1000);
  await fold(bench, { query: everything(LONG, 'dan') });
};

/** Windows filled and logs trimmed after a refund, and what is forgotten with the log. */
export const refundsInParts: Part = async (bench) => {
  const { pass, look } = bench;
  for (let at = 0; at < 9; at += 1) await connect(bench, [`user-${at % 3}`, 'ada'], at);
  await pass(20);
  for (const agoUs of [20, 16, 12]) await refundConnection(bench, 'ada', { agoUs, us: 20 - agoUs });
  await pass(30);
  await fold(bench, { windows: [SHORT] });
  for (const budget of [2, 3, 3, 9, 9]) {
    await fold(bench, { budget, query: everything(LONG) });
    await look();
  }
  await bench.redis.hset(bench.store.keys.usage(0).state, 'drop:connection', '4');
  for (let time = 0; time < 3; time += 1) {
    await fold(bench, { budget: 4, measure: true, query: everything(LONG) });
    await look();
  }
  await bench.redis.hset(bench.store.keys.usage(0).state, 'drop:connection', '99');
  for (let time = 0; time < 4; time += 1) await fold(bench, { measure: true, query: everything(LONG) });
  await look();
  await connect(bench, ['bob']);
  await fold(bench, { measure: true });
  await refundConnection(bench, 'bob', { agoUs: 0 });
  await fold(bench, { measure: true });
  await look();
  await bench.redis.del(bench.store.keys.admissions(0, 'connection'));
  await fold(bench, { measure: true });
  await look();
};

/** The list of the last users: by the connection before the refunded one, which may be refunded too, or is far. */
export const relisted: Part = async (bench) => {
  const { pass, look } = bench;
  const refundedLast = async (subject: string) => {
    await pass(3);
    await connect(bench, [subject, 'bob']);
    await fold(bench);
    await pass(1);
    await refundConnection(bench, subject, { agoUs: 1 });
    await pass(1);
  };
  await connect(bench, ['ada', 'ada']);
  for (let time = 0; time < 3; time += 1) {
    await refundedLast('ada');
    await fold(bench, { query: everything(LONG) });
    await look();
  }
  await refundedLast('ada');
  await connect(bench, ['ada']);
  await fold(bench, { query: everything(LONG) });
  // So many pairs lie before it that the walk back ends.
  const crowd = Array.from({ length: 1001 }, () => 'bob');
  await connect(bench, crowd);
  await connect(bench, ['cid']);
  await pass(1);
  await connect(bench, crowd);
  await refundedLast('cid');
  await fold(bench, { budget: 5000, query: everything(LONG, 'cid') });
  await fold(bench, { budget: 5000, query: everything(LONG, 'cid') });
  await look();
};

/** Connections that stand later than their time: of an outage, and of a clock that went back; refunds of other hours. */
export const refundsOfOtherTimes: Part = async (bench) => {
  const { pass, look, redis, store } = bench;
  const key = store.keys.admissions(0, 'connection');
  await pass(HOUR_US - (bench.nowUs % HOUR_US) - 5);
  await redis.xadd(key, `${bench.nowUs}-*`, '', String(bench.nowUs - 100), 'ada', '1');
  await redis.xadd(key, `${bench.nowUs}-*`, 'ada', '1');
  await pass(10);
  await refundConnection(bench, 'ada', { agoUs: 110 });
  await fold(bench, { query: everything(SHORT) });
  await look();
  await connect(bench, ['bob'], 0);
  await fold(bench);
  await pass(-MINUTE_US);
  await connectBehind(bench, ['bob']);
  await redis.xadd(key, '*', '', String(bench.nowUs), 'bob', `-1@${bench.nowUs}`);
  await fold(bench, { query: everything(SHORT, 'bob') });
  await look();
  await pass(KEEP_LOG_MS * 1000);
  await fold(bench, { logs: [CONNECTION, SERVICE], measure: true });
  await redis.set(store.keys.usage(0).refunds('connection'), 'not a set');
  await connect(bench, ['eve']);
  await fold(bench);
  await look();
};
