import { describe, expect, test } from '@jest/globals';
import { shareAnswer } from '../../../web/shared_answer';

/** Readings that end when the test says so, and a clock that it sets. */
function shared() {
  const readings: { resolve: (value: number) => void; reject: (error: Error) => void }[] = [];
  const clock = { ms: 0 };
  const ask = shareAnswer<number>({
    keptMs: 1_000,
    nowMs: () => clock.ms,
    read: () => new Promise((resolve, reject) => readings.push({ resolve, reject })),
  });
  return { readings, clock, ask };
}

describe('shareAnswer', () => {
  test('shared answer: many who ask at once share one reading', async () => {
    const { readings, ask } = shared();
    const asked = Array.from({ length: 100 }, ask);
    readings[0]?.resolve(7);

    expect(await Promise.all(asked)).toEqual(Array(100).fill(7));
    expect(readings).toHaveLength(1);
  });

  test('shared answer: a reading that takes longer than its answer is kept is still one', async () => {
    const { readings, clock, ask } = shared();
    const first = ask();
    clock.ms = 5_000;
    const second = ask();
    readings[0]?.resolve(7);

    expect(await Promise.all([first, second])).toEqual([7, 7]);
    expect(readings).toHaveLength(1);
  });

  test('shared answer: is the same within its time, and read again after it, once for all', async () => {
    const { readings, clock, ask } = shared();
    const first = ask();
    readings[0]?.resolve(7);
    await first;
    clock.ms = 999;
    expect(await ask()).toBe(7);
    clock.ms = 1_000;
    const again = [ask(), ask()];
    readings[1]?.resolve(8);

    expect(await Promise.all(again)).toEqual([8, 8]);
    expect(readings).toHaveLength(2);
  });

  test('shared answer: a failure is for those who asked alone', async () => {
    const { readings, ask } = shared();
    const failed = [ask(), ask()];
    readings[0]?.reject(new Error('broken'));
    for (const each of failed) await expect(each).rejects.toThrow('broken');
    const next = ask();
    readings[1]?.resolve(9);

    expect(await next).toBe(9);
  });
});
