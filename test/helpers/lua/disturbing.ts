import type { Part } from './battery';
import {
  connect,
  connectBehind,
  everything,
  fold,
  HOUR_US,
  KEEP_LOG_MS,
  LONG,
  MINUTE_US,
  SHORT,
} from './fold_calls';

/** A log that no window counts: its entries are counted by the hour, and go when they are too old or too many. */
export const logsOfOthers: Part = async (bench) => {
  const { pass, look } = bench;
  const keepUs = KEEP_LOG_MS * 1000;
  for (let at = 0; at < 6; at += 1) await connect(bench, ['ada', 'bob'], at, 'service');
  await fold(bench, { measure: true });
  await pass(HOUR_US / 2);
  await connect(bench, ['cid'], 0, 'service');
  await fold(bench, { budget: 2 });
  await pass(keepUs - HOUR_US / 2);
  for (const us of [0, 3, 2]) {
    await pass(us);
    await fold(bench, { measure: true });
    await look();
  }
  for (let at = 0; at < 40; at += 1) await connect(bench, [`user-${at}`], at, 'service');
  await pass(50);
  for (let at = 0; at < 3; at += 1) await fold(bench, { measure: true, capOthers: 6000 });
  await look();
  for (let hour = 0; hour < 5; hour += 1) {
    await pass(HOUR_US);
    await connect(bench, ['ada'], -1, 'service');
    await fold(bench);
  }
};

/** Logs that are cut to size, and logs that somebody deleted. */
export const drops: Part = async (bench) => {
  const { redis, store, pass, look } = bench;
  const log = store.keys.admissions(0, 'connection');
  for (let at = 0; at < 60; at += 1) await connect(bench, [`user-${at % 7}`], at);
  await pass(100);
  await fold(bench, { budget: 40 });
  await fold(bench, { measure: true, capConnections: 9000, budget: 5, query: everything(SHORT) });
  await look();
  for (const budget of [5, 7, 100, 100]) await fold(bench, { budget, query: everything(SHORT, 'user-3') });
  await look();
  await fold(bench, { measure: true, capConnections: 9000, query: everything(LONG) });
  await fold(bench, { windows: [SHORT, LONG, 3 * SHORT], budget: 4 });
  await redis.hset(store.keys.usage(0).state, 'drop:connection', 4);
  await fold(bench, { windows: [SHORT, LONG, 3 * SHORT], budget: 3, query: everything(3 * SHORT) });
  await fold(bench, { windows: [SHORT, LONG, 3 * SHORT], budget: 100, query: everything(3 * SHORT) });
  await look();
  const last = (await redis.xrevrange(log, '+', '-', 'COUNT', 3)).at(-1)?.[0] ?? '-';
  await redis.hset(store.keys.usage(0).state, 'drop:connection', 2);
  await redis.xtrim(log, 'MINID', last);
  await fold(bench, { windows: [SHORT, LONG, 3 * SHORT], query: everything(SHORT) });
  await look();
  await redis.hset(store.keys.usage(0).state, 'drop:connection', 9);
  await fold(bench, { windows: [SHORT, LONG, 3 * SHORT], query: everything(SHORT) });
  await fold(bench, { windows: [SHORT, LONG, 3 * SHORT], query: everything(SHORT) });
  for (let at = 0; at < 6; at += 1) await connect(bench, [`more-${at}`], at - 10);
  await fold(bench, { windows: [SHORT, LONG, 3 * SHORT], query: everything(SHORT) });
  await redis.del(log);
  await fold(bench, { windows: [SHORT, LONG, 3 * SHORT], query: everything(SHORT) });
  await connect(bench, ['ada']);
  await fold(bench, { windows: [SHORT, LONG, 3 * SHORT], query: everything(SHORT) });
  await look();
  for (let at = 1; at < 4; at += 1) await connect(bench, ['ada'], at);
  await fold(bench, { windows: [SHORT, LONG, 3 * SHORT] });
  await redis.del(log);
  await connect(bench, ['old'], -50);
  await fold(bench, { windows: [SHORT, LONG, 3 * SHORT], query: everything(SHORT) });
  await look();
  await redis.del(store.keys.usage(0).state);
  await fold(bench, { query: everything(LONG) });
  for (const key of ['recent', 'newcomers', 'hours'] as const) {
    await redis.set(store.keys.usage(0)[key], 'x');
    await connect(bench, ['bob'], 7);
    await fold(bench);
    await redis.del(store.keys.usage(0)[key]);
  }
  await fold(bench, { query: everything(LONG) });
};

/** A clock that goes back, with entries that come from ahead, and one that leaps forward and returns. */
export const clocksOfFolds: Part = async (bench) => {
  const { pass, look } = bench;
  for (let at = 0; at < 5; at += 1) await connect(bench, [`user-${at}`, 'ada'], at);
  await pass(10);
  await fold(bench);
  await pass(-5 * MINUTE_US);
  await connectBehind(bench, ['bob', 'ada']);
  for (const us of [0, 1, MINUTE_US]) {
    await pass(us);
    await fold(bench, { query: everything(SHORT, 'bob') });
    await look();
  }
  await pass(-2 * MINUTE_US);
  await fold(bench, { query: everything(SHORT) });
  await pass(SHORT * 1000 - MINUTE_US);
  for (const us of [0, MINUTE_US, MINUTE_US, 5 * MINUTE_US, LONG * 1000]) {
    await pass(us);
    await fold(bench, { query: everything(LONG) });
    await look();
  }
  for (let at = 0; at < 3; at += 1) await connect(bench, ['cid'], at);
  await pass(10);
  await fold(bench);
  for (const us of [HOUR_US, 1, HOUR_US + 1, 1, HOUR_US - 2, 1, 1]) {
    await pass(us);
    await fold(bench, { query: everything(SHORT, 'cid') });
    await look();
  }
  await pass(-2 * HOUR_US);
  await fold(bench, { query: everything(LONG, 'cid') });
  await pass(-HOUR_US);
  await fold(bench, { query: everything(LONG, 'cid') });
};

/** Entries from hours ahead, which leave each window one window after the clock went back; and it goes back twice. */
export const entriesFromAhead: Part = async (bench) => {
  const { pass, look } = bench;
  for (let at = 0; at < 9; at += 1) await connect(bench, [`user-${at}`, 'ada'], at);
  await pass(SHORT * 1000 + 5);
  for (const budget of [20, 20]) await fold(bench, { budget, query: everything(SHORT) });
  await look();
  await pass(-10 * MINUTE_US);
  for (const budget of [3, 2, 50]) await fold(bench, { budget, query: everything(SHORT) });
  await look();
  await pass(3 * HOUR_US);
  for (let at = 0; at < 5; at += 1) await connect(bench, [`ahead-${at}`, 'ada'], at - 9);
  await fold(bench);
  await pass(-3 * HOUR_US);
  await connectBehind(bench, ['bob']);
  await fold(bench, { query: everything(SHORT) });
  await look();
  for (const us of [SHORT * 1000 - 1, 1, 1, 5 * MINUTE_US, -MINUTE_US, 16 * MINUTE_US - 3, 1, 1, MINUTE_US]) {
    await pass(us);
    await fold(bench, { query: everything(LONG) });
    await look();
  }
};
