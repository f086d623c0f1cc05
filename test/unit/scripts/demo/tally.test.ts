import { describe, expect, test } from '@jest/globals';
import { describeTally, newTally, since } from '../../../../scripts/demo/tally';

const tally = { logins: 5, refusedLogins: 6, sales: 4, purchases: 3, missed: 0, refusedCalls: 2 };

describe('the tally', () => {
  test('a line, with everything that was done', () => {
    expect(describeTally(tally)).toBe('5 logins, 4 sales, 3 purchases; refused: 6 logins, 2 calls');
  });

  test('articles that somebody else bought, told too', () => {
    expect(describeTally({ ...tally, missed: 1 })).toContain('3 purchases, 1 too late to buy; refused');
  });

  test('what was added since, and nothing else', () => {
    expect(since(newTally(), tally)).toEqual(tally);
    expect(since(tally, { ...tally, sales: 9 })).toEqual({ ...newTally(), sales: 5 });
  });
});
