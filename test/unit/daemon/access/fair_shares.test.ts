import { describe, expect, test } from '@jest/globals';
import { createFairShares } from '../../../../daemon/access/fair_shares';

const [heavy, light] = [{ name: 'heavy' }, { name: 'light' }];

/** Callers with so many decisions in flight. */
function sharesOf(...callers: [{ name: string; weight?: number }, number][]) {
  const shares = createFairShares();
  const held = callers.map(([caller, decisions]) => {
    const share = shares.enter(caller);
    share.weigh(decisions);
    return share;
  });
  return { shares, held };
}

describe('fair shares', () => {
  test('the caller with the most in flight is rejected first', () => {
    const { shares } = sharesOf([heavy, 5], [light, 4]);

    expect([heavy, light].map(shares.isFirstToRefuse)).toEqual([true, false]);
  });

  test('the most is by weight: three times the weight may have three times as much', () => {
    const weighty = { name: 'weighty', weight: 3 };
    const { shares } = sharesOf([weighty, 14], [light, 5]);

    expect([weighty, light].map(shares.isFirstToRefuse)).toEqual([false, true]);
  });

  test('those with as much as others are rejected as they are', () => {
    const { shares } = sharesOf([heavy, 5], [light, 5]);

    expect([heavy, light].map(shares.isFirstToRefuse)).toEqual([true, true]);
  });

  test('nothing in flight beside others, not refused first; a caller that nobody knows, is', () => {
    const { shares } = sharesOf([heavy, 1]);

    expect(shares.isFirstToRefuse({ name: 'new' })).toBe(false);
    expect(shares.isFirstToRefuse(undefined)).toBe(true);
  });

  test('a request is not counted when it is its own caller that is asked about', () => {
    const { shares, held } = sharesOf([heavy, 5]);
    const [first, second] = [shares.enter(light), shares.enter(light)];
    first.weigh(5);

    expect([held[0], first, second].map((share) => share?.isFirstToRefuse())).toEqual([false, false, true]);
  });

  test('what has ended, once or twice is not counted; a batch, in full', () => {
    const { shares, held } = sharesOf([heavy, 100], [light, 2]);
    held[0]?.leave();
    held[0]?.leave();
    held[0]?.weigh(50);

    expect([heavy, light].map(shares.isFirstToRefuse)).toEqual([false, true]);
    held[1]?.leave();
    expect(shares.isFirstToRefuse(light)).toBe(true);
  });
});
