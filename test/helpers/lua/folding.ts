import type { Part } from './battery';
import {
  CONNECTION,
  connect,
  everything,
  fold,
  HOUR_US,
  LONG,
  MINUTE_US,
  SERVICE,
  SHORT,
} from './fold_calls';

/** Entries of one and of many pairs, in steps of every size, to the microsecond at which they leave each window. */
export const folds: Part = async (bench) => {
  const { pass, look } = bench;
  await fold(bench, { isTimed: true });
  await connect(bench, ['ada', 'bob', 'ada']);
  await connect(bench, ['cid']);
  await connect(bench, ['ada'], 1);
  await pass(10);
  for (const budget of [1, 3, 4]) {
    await fold(bench, { budget, query: everything(SHORT) });
    await look();
  }
  for (let at = 0; at < 12; at += 1) await connect(bench, [`user-${at}`, 'bob'], at);
  await pass(20);
  for (const budget of [1, 2, 5, 9, 100]) await fold(bench, { budget });
  await look();
  await connect(bench, ['ada', 'bob']);
  for (let at = 0; at < 3; at += 1) await connect(bench, ['ada'], at, 'service');
  await pass(10);
  for (const budget of [3, 100]) {
    await fold(bench, { budget });
    await look();
  }
  for (const windowMs of [SHORT, LONG]) {
    await pass((windowMs === SHORT ? SHORT : LONG - SHORT) * 1000 - 31);
    for (const us of [0, 1, 1, 18, 1, 2, 20]) {
      await pass(us);
      await fold(bench, { budget: 3, query: everything(windowMs) });
    }
    for (let at = 0; at < 4; at += 1) await fold(bench, { budget: 4, query: everything(windowMs, 'bob') });
    await look();
  }
};

export const questions: Part = async (bench) => {
  for (const name of ['eve', 'dan', 'cid', 'bob', 'ada', 'bob']) {
    await bench.pass(5);
    await connect(bench, [name, 'zoe'], -1);
  }
  for (const count of [0, 1, 3, 9])
    await fold(bench, {
      query: { window_ms: LONG, recent_count: count, top_count: count, subject: 'nobody' },
    });
  await fold(bench, { query: { window_ms: SHORT, recent_count: 2, top_count: 0 } });
  await connect(bench, ['x1', 'x2', 'x3', 'x4', 'x5', 'x6']);
  await fold(bench, { query: everything(SHORT, 'x6') });
};

/** Entries on both sides of the end of an hour, folded together. */
export const hourEnds: Part = async (bench) => {
  await bench.pass(HOUR_US - (bench.nowUs % HOUR_US) + 100);
  for (const us of [-101, -100, -99]) await connect(bench, ['ada'], us);
  await fold(bench);
  await bench.look();
  await bench.pass(3 * HOUR_US);
  await connect(bench, ['bob']);
  await fold(bench);
  await bench.pass(-3 * HOUR_US);
  await fold(bench);
  await bench.look();
};

export const leases: Part = async (bench) => {
  const { redis, store } = bench;
  await fold(bench, { windows: [], logs: [SERVICE] });
  const { lease } = store.keys.usage(0);
  await connect(bench, ['ada']);
  await fold(bench, { daemon: 'one', leaseMs: 100_000 });
  await connect(bench, ['bob'], 1);
  await bench.pass(2);
  // As after some time: the lease runs by Redis's own clock.
  await redis.pexpire(lease, 90_000);
  await fold(bench, { daemon: 'two', leaseMs: 100_000, windows: [SHORT, LONG, 3 * SHORT] });
  await bench.look();
  await fold(bench, { daemon: 'one', leaseMs: 100_000, others: [3 * SHORT] });
  await fold(bench, { daemon: 'two', leaseMs: 0 });
  await redis.set(lease, 'one', 'PX', 900_000);
  await fold(bench, { daemon: 'two', leaseMs: 100_000 });
};

/** Windows and logs that come, are declared by others, and are forgotten; a new window is filled in steps. */
export const declarations: Part = async (bench) => {
  const { pass, look } = bench;
  for (let at = 0; at < 8; at += 1) await connect(bench, [`user-${at % 3}`, 'ada'], at);
  for (let n = 0; n < 6; n += 1) await connect(bench, ['bob'], 7);
  await connect(bench, ['ada'], 9, 'other');
  await pass(30);
  await fold(bench, { windows: [SHORT] });
  for (const budget of [2, 1, 1, 4, 2, 9, 9]) {
    await fold(bench, { budget, query: everything(LONG) });
    await look();
  }
  await fold(bench, { windows: [SHORT] });
  await fold(bench, { windows: [SHORT], others: [LONG], logs: [CONNECTION] });
  const other = { policy: 'other', declared: true, records: true };
  await fold(bench, { logs: [CONNECTION, SERVICE, other], query: everything(LONG) });
  await fold(bench, { query: everything(LONG) });
  const without = {
    windows: [SHORT],
    others: [LONG],
    logs: [CONNECTION, SERVICE, { ...other, declared: false }],
  };
  for (const us of [MINUTE_US - 1, 1, 1, 9 * MINUTE_US - 2, 1, 1, 1, MINUTE_US]) {
    await pass(us);
    await fold(bench, { ...without, query: everything(SHORT) });
    await look();
  }
  await fold(bench, { ...without, logs: [CONNECTION, SERVICE], windows: [SHORT], others: [] });
  const silent = { ...CONNECTION, records: false };
  for (const us of [0, 10 * MINUTE_US, 1, 1, MINUTE_US]) {
    await pass(us);
    await fold(bench, { windows: [SHORT, 3 * SHORT], logs: [silent, SERVICE], budget: 3 });
    await look();
  }
  for (const us of [10 * MINUTE_US, 2, MINUTE_US]) {
    await pass(us);
    await fold(bench, { windows: [SHORT], logs: [silent] });
    await fold(bench, { windows: [SHORT], logs: [silent, { ...SERVICE, declared: false }] });
    await look();
  }
  await fold(bench, { windows: [], others: [SHORT], logs: [silent] });
};

/** A new window that does not reach as far back as the log does. */
export const shorterWindows: Part = async (bench) => {
  const { pass, look } = bench;
  for (let at = 0; at < 9; at += 1) await connect(bench, [`user-${at}`], at);
  await pass(SHORT * 1000 + 4);
  await connect(bench, ['ada'], -2);
  await fold(bench, { windows: [LONG] });
  for (const budget of [2, 9]) {
    await fold(bench, { budget, query: everything(SHORT) });
    await look();
  }
  await pass(9 * MINUTE_US);
  await fold(bench, { windows: [SHORT, LONG], measure: true });
  await fold(bench, { windows: [SHORT, LONG, 3 * SHORT] });
  await pass(LONG * 1000 - 9 * MINUTE_US);
  await fold(bench, { windows: [SHORT, LONG, 3 * SHORT], measure: true });
  await look();
};
