import { describe, expect, test } from '@jest/globals';
import { createConnectionLimits } from '../../../../daemon/access/connection_limits';

/** Limits whose time stands still until it is moved. */
function limitsOf({ total = 100, perAddress = 3 } = {}) {
  let nowMs = 0;
  const limits = createConnectionLimits({ total, perAddress: () => perAddress, nowMs: () => nowMs });
  return {
    ...limits,
    pass(ms: number) {
      nowMs += ms;
    },
  };
}

describe('createConnectionLimits', () => {
  test('one address may have as many open as it may and no more', () => {
    const limits = limitsOf();

    expect(Array.from({ length: 4 }, () => limits.take('10.0.0.1'))).toEqual([
      undefined,
      undefined,
      undefined,
      'connections_per_address',
    ]);
    expect(limits.take('10.0.0.2')).toBeUndefined();
  });

  test('all addresses together may have as many as there may be', () => {
    const limits = limitsOf({ total: 2 });
    limits.take('10.0.0.1');
    limits.take('10.0.0.2');

    expect(limits.take('10.0.0.3')).toBe('connections');
    limits.release('10.0.0.1');
    expect(limits.take('10.0.0.3')).toBeUndefined();
  });

  test('an address that opens and closes at once is slowed down after a burst', () => {
    const limits = limitsOf();
    const open = () => {
      const refusal = limits.take('10.0.0.1');
      if (refusal === undefined) limits.release('10.0.0.1');
      return refusal;
    };

    expect([open(), open(), open(), open()]).toEqual([undefined, undefined, undefined, 'connection_rate']);
    limits.pass(50);
    expect([open(), open()]).toEqual([undefined, 'connection_rate']);
  });

  test('addresses of one IPv6 network are counted together; others and mapped ones apart', () => {
    const limits = limitsOf({ perAddress: 1 });

    expect(limits.take('2001:db8::1')).toBeUndefined();
    expect(limits.take('2001:db8::2')).toBe('connections_per_address');
    expect(limits.take('2001:db8:0:1::1')).toBeUndefined();
    expect(limits.take('::ffff:10.0.0.1')).toBeUndefined();
    expect(limits.take('10.0.0.1')).toBe('connections_per_address');
  });

  test('many addresses that have gone are forgotten; one that is still there, not', () => {
    const limits = limitsOf({ perAddress: 1 });
    limits.take('10.255.0.1');
    for (let i = 0; i < 20_000; i += 1) {
      const address = `10.0.${i >> 8}.${i & 255}`;
      limits.take(address);
      limits.release(address);
    }

    expect(limits.take('10.255.0.1')).toBe('connections_per_address');
    // Forgotten with its last connection, which had used up its burst.
    expect(limits.take('10.0.0.0')).toBeUndefined();
  });

  test('one address that may have more, allowed as many as it may have', () => {
    const limits = createConnectionLimits({
      total: 100,
      perAddress: (address) => (address === '10.0.0.7' ? 5 : 1),
      nowMs: () => 0,
    });
    const taken = (address: string) =>
      Array.from({ length: 6 }, () => limits.take(address)).filter((refusal) => refusal === undefined).length;

    expect([taken('10.0.0.7'), taken('10.0.0.8')]).toEqual([5, 1]);
  });
});
