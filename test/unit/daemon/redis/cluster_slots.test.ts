import { describe, expect, test } from '@jest/globals';
import { checkSlots } from '../../../../daemon/redis/cluster_slots';

const server = (host: string | null) => [host, 6379, 'id', ['ip', '192.0.2.1']];

describe('the answer to CLUSTER SLOTS', () => {
  test('passes if each master has a name', () => {
    const answer = [
      [0, 5460, server('redis-1'), server('redis-4')],
      [5461, 16_383, server('redis-2')],
    ];

    expect(checkSlots(answer)).toEqual(answer);
  });

  test('loses replicas without a name', () => {
    const answer = [[0, 16_383, server('redis-1'), server('?'), server('redis-4')]];

    expect(checkSlots(answer)).toEqual([[0, 16_383, server('redis-1'), server('redis-4')]]);
  });

  test.each(['?', '', null])('is an error if a master is named %j', (host) => {
    const answer = [
      [0, 5460, server('redis-1')],
      [5461, 16_383, server(host), server('redis-4')],
    ];

    expect(() => checkSlots(answer)).toThrow('the server cannot name the master of slots 5461 to 16383');
  });

  test('is an error if there are no slots', () => {
    expect(() => checkSlots([])).toThrow('the server knows no slots');
  });
});

test.each([['OK'], [7], [null], [['a key', 'another']]])('another answer of CLUSTER passes: %j', (answer) => {
  expect(checkSlots(answer)).toBe(answer);
});
