import { describe, expect, test } from '@jest/globals';
import { pairs } from '../../../../daemon/redis/pairs';

describe('pairs', () => {
  test('nothing makes none', () => {
    expect(pairs([])).toEqual([]);
  });

  test('members and scores in turn, each with its own, in the same order', () => {
    expect(pairs(['b', '2', 'a', '1', '3', '3'])).toEqual([
      ['b', '2'],
      ['a', '1'],
      ['3', '3'],
    ]);
  });
});
