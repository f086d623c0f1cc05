import { describe, expect, test } from '@jest/globals';
import { createRequestIds, formIdOf } from '../../../../web/forms/request_ids';

const UUID_8 = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const ASKED = { sessionId: 's', formId: 'f', values: ['sell', 'Candide', 100] };

const requestIds = createRequestIds('k'.repeat(32));

describe('request ids', () => {
  test('request ids: the same form with the same values makes the same UUID', () => {
    expect(requestIds(ASKED)).toMatch(UUID_8);
    expect(requestIds({ ...ASKED, values: [...ASKED.values] })).toBe(requestIds(ASKED));
  });

  test.each([
    ['session', { sessionId: 't' }],
    ['form', { formId: 'g' }],
    ['value', { values: ['sell', 'Candide', 101] }],
    ['cut between two values', { values: ['sel', 'lCandide', 100] }],
    ['kind of a value', { values: ['sell', 'Candide', '100'] }],
  ])('request ids: another %s makes another id', (_what, change) => {
    expect(requestIds({ ...ASKED, ...change })).not.toBe(requestIds(ASKED));
  });

  test('request ids: another secret makes another id', () => {
    expect(createRequestIds('x'.repeat(32))(ASKED)).not.toBe(requestIds(ASKED));
  });

  test('form id: a UUID is accepted as it is', () => {
    const id = '123e4567-e89b-42d3-a456-426614174000';
    expect(formIdOf(id)).toBe(id);
  });

  test.each([undefined, '', 'x', ['123e4567-e89b-42d3-a456-426614174000'], `${'1'.repeat(40)}`])(
    'form id: %j is replaced by a new one each time',
    (value) => {
      expect(formIdOf(value)).toMatch(/^[0-9a-f-]{36}$/);
      expect(formIdOf(value)).not.toBe(formIdOf(value));
    },
  );
});
