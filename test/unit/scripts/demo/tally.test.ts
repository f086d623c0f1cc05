import { describe, expect, test } from '@jest/globals';
import { describeTally, newTally, since } from '../../../../scripts/demo/tally';

const tally = { logins: 5, deniedLogins: 6, sales: 4, purchases: 3, missed: 0, late: 0, deniedCalls: 2 };

describe('the tally', () => {
  test('a line has everything that was done', () => {
    expect(describeTally(tally)).toBe('5 logins, 4 sales, 3 purchases; denied: 6 logins, 2 calls');
  });

  test('articles that somebody else bought are reported too', () => {
    expect(describeTally({ ...tally, missed: 1, late: 1 })).toContain(
      '3 purchases, 2 too late to buy; denied',
    );
  });

  test('has what was added since, and nothing else', () => {
    expect(since(newTally(), tally)).toEqual(tally);
    expect(since(tally, { ...tally, sales: 9 })).toEqual({ ...newTally(), sales: 5 });
  });
});
