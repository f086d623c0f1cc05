import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { createShared } from '../../../../../daemon/redis/usage/shared';
import { until } from '../../../../helpers/wait';

/** Work that ends on demand, and counts how often it began. */
function createWork() {
  const ends: (() => void)[] = [];
  const asked: (() => boolean)[] = [];
  const shared = createShared<number>((_, isWanted) => {
    asked.push(isWanted);
    return new Promise((resolve) => {
      const number = asked.length;
      ends.push(() => resolve(number));
    });
  });
  const begun = (count: number) => until(`computation ${count}`, () => asked.length >= count);
  return { shared, asked, begun, end: (at: number) => ends[at]?.() };
}

describe('shared work', () => {
  test('callers of one moment share one computation', async () => {
    const { shared, asked, begun, end } = createWork();
    const results = [shared.run('a'), shared.run('a'), shared.run('a')];
    await begun(1);
    end(0);

    expect(await Promise.all(results)).toEqual([1, 1, 1]);
    expect(asked).toHaveLength(1);
  });

  test('a caller who comes while it runs gets a later computation than what is running', async () => {
    const { shared, asked, begun, end } = createWork();
    const first = shared.run('a');
    await begun(1);
    const later = [shared.run('a'), shared.run('a')];
    await turn();
    await turn();
    const startedMeanwhile = asked.length;
    end(0);
    await first;
    await begun(2);
    end(1);

    expect(startedMeanwhile).toBe(1);
    expect(await Promise.all(later)).toEqual([2, 2]);
  });

  test('different questions are computed beside each other', async () => {
    const { shared, asked, begun } = createWork();
    void shared.run('a');
    void shared.run('b');
    await begun(2);

    expect(asked).toHaveLength(2);
  });

  test('a caller who leaves is answered at once, and the work wanted as long as another waits', async () => {
    const { shared, asked, begun } = createWork();
    const [one, other] = [new AbortController(), new AbortController()];
    const results = [shared.run('a', one.signal), shared.run('a', other.signal)];
    await begun(1);
    const wanted = [asked[0]?.()];
    one.abort();
    await expect(results[0]).rejects.toMatchObject({ name: 'StoreUnavailable' });
    wanted.push(asked[0]?.());
    other.abort();
    await expect(results[1]).rejects.toMatchObject({ name: 'StoreUnavailable' });
    wanted.push(asked[0]?.());

    expect(wanted).toEqual([true, true, false]);
  });

  test('a caller who had left before it asked is answered at once', async () => {
    const { shared } = createWork();

    await expect(shared.run('a', AbortSignal.abort())).rejects.toMatchObject({ name: 'StoreUnavailable' });
  });
});
