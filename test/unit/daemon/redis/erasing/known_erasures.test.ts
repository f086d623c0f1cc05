import { expect, test } from '@jest/globals';
import { createKnownErasures } from '../../../../../daemon/redis/erasing/known_erasures';

const WEEK_US = 7 * 24 * 3_600_000_000;

test('known erasures: a subject that is erased again is news', () => {
  const known = createKnownErasures();
  known.add('a', 1);

  expect([known.has('a', 1), known.has('a', 2), known.has('b', 1)]).toEqual([true, false, false]);
});

test('known erasures: those heard of longest ago are forgotten beyond the bound', () => {
  const known = createKnownErasures({ mostKept: 2 });
  for (const hash of ['a', 'b', 'a', 'c']) known.add(hash, 1);

  expect([known.size, known.has('a', 1), known.has('b', 1), known.has('c', 1)]).toEqual([
    2,
    true,
    false,
    true,
  ]);
});

test('known erasures: what the store has forgotten after a week is forgotten here', () => {
  const known = createKnownErasures();
  known.add('a', 1);
  known.add('b', WEEK_US);
  known.add('c', WEEK_US + 2);

  expect([known.size, known.has('a', 1), known.has('b', WEEK_US)]).toEqual([2, false, true]);
});
