import { describe, expect, test } from '@jest/globals';
import { createStreamLimits } from '../../../../daemon/access/stream_limits';

describe('createStreamLimits', () => {
  test('one connection, as many as it may have; another, its own', () => {
    const limits = createStreamLimits({ perConnection: 2, total: 10 });
    const taken = [limits.take('a'), limits.take('a'), limits.take('a'), limits.take('b')];

    expect(taken.map((release) => release !== undefined)).toEqual([true, true, false, true]);
  });

  test('all connections together, as many as there may be', () => {
    const limits = createStreamLimits({ perConnection: 2, total: 3 });
    const taken = ['a', 'b', 'c', 'd'].map((connection) => limits.take(connection));

    expect(taken.map((release) => release !== undefined)).toEqual([true, true, true, false]);
  });

  test('one that is given back twice, one place', () => {
    const limits = createStreamLimits({ perConnection: 2, total: 10 });
    const release = limits.take('a');
    limits.take('a');
    release?.();
    release?.();

    expect([limits.take('a'), limits.take('a')].map((taken) => taken !== undefined)).toEqual([true, false]);
  });
});
