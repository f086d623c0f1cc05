import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { pino } from 'pino';
import { createPoller, type News } from '../../../../../web/pages/statistics/poller';
import type { Reading } from '../../../../../web/pages/statistics/reading';
import { READING, readAgain } from './readings';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** A poller whose readings are what `answer` gives at the time; they are counted. */
function serve(answer: () => Promise<Reading>) {
  const log: string[] = [];
  const logger = pino({}, { write: (line: string) => log.push(line) });
  const counts = { reads: 0 };
  const read = () => {
    counts.reads += 1;
    return answer();
  };
  return { poller: createPoller({ read, logger }), counts, log };
}

function listener() {
  const kinds: News['kind'][] = [];
  return { kinds, hear: (news: News) => void kinds.push(news.kind) };
}

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

describe('poller', () => {
  test('poller: nobody looks, nothing is read', async () => {
    const { counts } = serve(async () => READING);
    await pass(60_000);
    expect(counts.reads).toBe(0);
  });

  test('poller: two subscribers share one reading every two seconds', async () => {
    const { poller, counts } = serve(async () => readAgain());
    const [one, other] = [listener(), listener()];
    poller.subscribe(one.hear);
    poller.subscribe(other.hear);
    await pass(4_000);

    expect(counts.reads).toBe(3);
    expect(one.kinds).toEqual(['reading', 'unchanged', 'unchanged']);
    expect(other.kinds).toEqual(one.kinds);
  });

  test('poller: a change is sent as a reading', async () => {
    let reading = READING;
    const { poller } = serve(async () => reading);
    const one = listener();
    poller.subscribe(one.hear);
    await pass(0);
    reading = { ...READING, stats: { ...READING.stats, topUsers: [{ subject: '1', count: 1_025 }] } };
    await pass(2_000);

    expect(one.kinds).toEqual(['reading', 'reading']);
  });

  test('poller: a second subscriber gets everything at once without another reading', async () => {
    const { poller, counts } = serve(async () => readAgain());
    poller.subscribe(listener().hear);
    await pass(2_000);
    const late = listener();
    poller.subscribe(late.hear);

    expect(late.kinds).toEqual(['reading']);
    expect(counts.reads).toBe(2);
  });

  test('poller: stops when all have left; the next subscriber gets nothing old', async () => {
    const { poller, counts } = serve(async () => READING);
    const leave = poller.subscribe(listener().hear);
    await pass(0);
    leave();
    await pass(60_000);
    const readsAlone = counts.reads;
    const next = listener();
    poller.subscribe(next.hear);
    const toldAtOnce = [...next.kinds];
    await pass(0);

    expect([readsAlone, counts.reads]).toEqual([1, 2]);
    expect([toldAtOnce, next.kinds]).toEqual([[], ['reading']]);
  });

  test('poller: an answer that takes long lets no second question begin', async () => {
    let answer: (reading: Reading) => void = () => undefined;
    const { poller, counts } = serve(() => new Promise((resolve) => (answer = resolve)));
    const leave = poller.subscribe(listener().hear);
    await pass(30_000);
    leave();
    const one = listener();
    poller.subscribe(one.hear);
    await pass(30_000);
    const readsMeanwhile = counts.reads;
    answer(READING);
    await pass(0);

    expect(readsMeanwhile).toBe(1);
    expect(one.kinds).toEqual(['reading']);
  });

  test('poller: a subscriber that fails is logged, and the others still get the news', async () => {
    const { poller, log } = serve(async () => readAgain());
    const one = listener();
    const fail = () => {
      throw new Error('a bug');
    };
    poller.subscribe(fail);
    poller.subscribe(one.hear);
    await pass(2_000);
    poller.subscribe(fail);
    await pass(2_000);

    expect(one.kinds).toEqual(['reading', 'unchanged', 'unchanged']);
    expect(log).toHaveLength(4);
  });

  test('poller: an unreachable daemon is reported, logged once and asked ever more rarely until it is back', async () => {
    let isAway = true;
    const { poller, counts, log } = serve(async () => {
      if (isAway) throw new Error('away');
      return READING;
    });
    const one = listener();
    poller.subscribe(one.hear);
    await pass(0);
    // After 4, 8, 16 and 30 seconds.
    await pass(58_000);
    const readsWhileAway = counts.reads;
    isAway = false;
    await pass(32_000);

    expect(readsWhileAway).toBe(5);
    expect(log).toHaveLength(1);
    expect(one.kinds.slice(0, 7)).toEqual(['away', 'away', 'away', 'away', 'away', 'reading', 'unchanged']);
  });
});
