import { describe, expect, test } from '@jest/globals';
import { refusedFields, type Use } from '../../../../daemon/access/restrictions';

const ALL = { policies: ['connection', 'purchase'], subjectPrefix: 'shop-', maxCost: 5 };

const fieldsOf = (use: Use) => refusedFields(ALL, use).map(({ field }) => field);

describe('refusedFields', () => {
  test.each<[string, Use, string[]]>([
    ['all that is allowed', { subject: 'shop-1', policy: 'purchase', cost: 5 }, []],
    ['another subject', { subject: 'other', policy: 'purchase' }, ['subject']],
    ['the prefix within a subject', { subject: 'a-shop-1' }, ['subject']],
    ['another policy', { subject: 'shop-1', policy: 'connections' }, ['policy']],
    ['a greater cost', { subject: 'shop-1', policy: 'purchase', cost: 6 }, ['cost']],
    ['all of it wrong', { subject: 'x', policy: 'y', cost: 9 }, ['subject', 'policy', 'cost']],
    ["everybody's", { subject: null, policy: null }, ['subject', 'policy']],
    ['nobody', {}, []],
    [
      'lists that were asked for',
      { showsEverybody: { top_count: true, recent_count: false }, showsAllPolicies: { hour_count: true } },
      ['top_count', 'hour_count'],
    ],
  ])('%s: %j gets %j denied', (_, use, expected) => {
    expect(fieldsOf(use)).toEqual(expected);
  });

  test('what is not restricted is allowed', () => {
    expect(refusedFields({ maxCost: 1 }, { subject: null, policy: 'any', cost: 1 })).toEqual([]);
  });

  test('each denied field has its reason in words', () => {
    expect(
      refusedFields(ALL, { subject: 'x', policy: 'y', cost: 9, showsEverybody: { top_count: true } }),
    ).toEqual([
      { field: 'subject', description: 'must begin with "shop-" for this caller' },
      { field: 'top_count', description: 'must be 0, as it shows subjects that this caller may not see' },
      { field: 'policy', description: 'must be connection or purchase for this caller' },
      { field: 'cost', description: 'must be 5 at most for this caller' },
    ]);
  });
});
