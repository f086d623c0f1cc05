import { callFunction } from '../../../daemon/redis/library';
import { pack } from '../../../daemon/redis/packing';
import { policyOf } from '../limit_store';
import type { Bench, Part } from './battery';
import { ask, WINDOW_MS, WINDOW_US, window } from './policies';

const MINUTE_US = 60_000_000;
const DAY_US = 24 * 60 * MINUTE_US;
const GRACE_US = 10 * MINUTE_US;

interface Announced {
  readonly retainUs: number;
  readonly algorithm?: string;
  readonly windowUs?: number;
  /** A daemon that only repeats what it has announced before. */
  readonly isRepeat?: boolean;
}

async function announce({ redis, store, look }: Bench, announced: Announced): Promise<void> {
  const { retainUs, algorithm = 'sliding-window', windowUs = WINDOW_US, isRepeat = false } = announced;
  await callFunction(redis, 'announce', {
    keys: [store.keys.control(0)],
    args: [pack([['announced', retainUs, ['w', algorithm, windowUs]]]), isRepeat ? 0 : 1],
  });
  await look();
}

/** A longer time holds until nobody has asked for it for as long, and ten minutes; to the microsecond. */
export const retainedTimes: Part = async (bench) => {
  const { pass } = bench;
  const [long, short] = [20 * MINUTE_US, 5 * MINUTE_US];
  await announce(bench, { retainUs: long });
  for (const us of [MINUTE_US, GRACE_US + long - MINUTE_US - 1, 1, 1]) {
    await pass(us);
    await announce(bench, { retainUs: short, isRepeat: true });
  }
  await pass(1);
  await announce(bench, { retainUs: long, windowUs: 2 * WINDOW_US });
  await pass(-MINUTE_US);
  await announce(bench, { retainUs: short, windowUs: 2 * WINDOW_US });
  await pass(1);
  await announce(bench, { retainUs: long, isRepeat: true });
};

/** What another algorithm has left is looked for during a day, or for as long as takings are kept. */
export const convertedLimits: Part = async (bench) => {
  const { pass } = bench;
  for (const retainUs of [WINDOW_US, 2 * DAY_US]) {
    await announce(bench, { retainUs, algorithm: 'token-bucket' });
    await pass(1);
    await announce(bench, { retainUs });
    for (const us of [Math.max(retainUs, DAY_US) - 1, 1, 1, 1]) {
      await pass(us);
      await announce(bench, { retainUs, isRepeat: true });
    }
    await pass(3 * DAY_US);
  }
};

/** Windows that do not begin at a whole second before now, to the microsecond of their ends. */
export const fractions: Part = async (bench) => {
  const { pass, ask: call, store } = bench;
  const policy = policyOf([window(2, { windowMs: WINDOW_MS + 500 })], { name: 'fraction', rememberMs: 0 });
  await call(ask(policy, 'f1'), ask(policy, 'f2'));
  for (const us of [WINDOW_US, 499_999, 1, 1]) {
    await pass(us);
    await store.read('ada', policy);
    await call(ask(policy, `f-${us}`));
  }
};
