import { describe, expect, test } from '@jest/globals';
import { createStreamLimits } from '../../../../daemon/access/stream_limits';

const isProxy = () => false;

describe('createStreamLimits', () => {
  test('one connection has as many as it may have; another has its own', () => {
    const limits = createStreamLimits({ isProxy, perConnection: 2, total: 10 });
    const taken = [limits.take('a'), limits.take('a'), limits.take('a'), limits.take('b')];

    expect(taken.map((release) => release !== undefined)).toEqual([true, true, false, true]);
  });

  test('all connections together have as many as there may be', () => {
    const limits = createStreamLimits({ isProxy, perConnection: 2, total: 3 });
    const taken = ['a', 'b', 'c', 'd'].map((connection) => limits.take(connection));

    expect(taken.map((release) => release !== undefined)).toEqual([true, true, true, false]);
  });

  test('one that is given back twice frees one place', () => {
    const limits = createStreamLimits({ isProxy, perConnection: 2, total: 10 });
    const release = limits.take('a');
    limits.take('a');
    release?.();
    release?.();

    expect([limits.take('a'), limits.take('a')].map((taken) => taken !== undefined)).toEqual([true, false]);
  });

  test('a connection of a proxy, allowed more than others', () => {
    const limits = createStreamLimits({
      isProxy: (address) => address === '::1' || address === '10.0.0.7',
      perConnection: 1,
      perProxyConnection: 3,
    });
    const taken = (connection: string) =>
      Array.from({ length: 4 }, () => limits.take(connection)).filter((release) => release !== undefined)
        .length;

    expect([taken('10.0.0.7:5000'), taken('::1:5000'), taken('10.0.0.8:5000')]).toEqual([3, 3, 1]);
  });
});
