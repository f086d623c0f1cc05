import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { within } from '../../../environment/within';

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

describe('within', () => {
  test('within: work that ends in time, its outcome, and no timer is left', async () => {
    await expect(within(Promise.resolve('done'), { limitMs: 10, late: 'late' })).resolves.toBe('done');
    expect(jest.getTimerCount()).toBe(0);
  });

  test('within: work that fails in time, its failure, and no timer is left', async () => {
    await expect(within(Promise.reject(new Error('broken')), { limitMs: 10, late: 0 })).rejects.toThrow(
      'broken',
    );
    expect(jest.getTimerCount()).toBe(0);
  });

  test('within: work that never ends is late at the limit and not before', async () => {
    let outcome: unknown = 'none yet';
    const outcomes = within(new Promise<string>(() => undefined), { limitMs: 10, late: 'late' }).then(
      (value) => {
        outcome = value;
      },
    );
    await jest.advanceTimersByTimeAsync(9);
    expect(outcome).toBe('none yet');
    await jest.advanceTimersByTimeAsync(1);
    await outcomes;
    expect(outcome).toBe('late');
  });

  test('within: work that fails after the limit, nobody is disturbed', async () => {
    const work = new Promise<string>((_resolve, reject) => setTimeout(() => reject(new Error('broken')), 20));
    const outcome = within(work, { limitMs: 10, late: 'late' });
    await jest.advanceTimersByTimeAsync(30);
    await expect(outcome).resolves.toBe('late');
  });
});
