import { describe, expect, test } from '@jest/globals';
import { callIdFrom } from '../../../environment/call_id';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe('callIdFrom', () => {
  test.each(['7c9e6679-7425-40de-944b-e07fc1f90ae7', 'web:12.a_b', 'x'.repeat(64)])(
    '%s is accepted as it is',
    (id) => {
      expect(callIdFrom(id)).toBe(id);
    },
  );

  test.each([
    undefined,
    '',
    'x'.repeat(65),
    'two words',
    'a\nline',
    '{"msg":"forged"}',
    '\u001b[31m',
    Buffer.from('x'),
  ])('%j is replaced by a new one', (sent) => {
    expect(callIdFrom(sent)).toMatch(UUID);
  });
});
