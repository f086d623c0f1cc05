import { expect, test } from '@jest/globals';
import { pack, unpack } from '../../../../daemon/redis/packing';
import { withoutZeroBytes } from '../../../bench/redis/redis_benchmark';

test('withoutZeroBytes: packed numbers that are zero, minus one', () => {
  const packed = pack(['connection', 601_000_000, [0, 1, ['per-window', 0]]]);
  const sent = withoutZeroBytes(packed);
  expect(sent.includes(0)).toBe(false);
  expect(unpack(sent)).toEqual(['connection', 601_000_000, [-1, 1, ['per-window', -1]]]);
});

test('withoutZeroBytes: an argument that is no packed value, stays as it is', () => {
  const text = Buffer.from('2/1/1f0e');
  expect(withoutZeroBytes(text)).toBe(text);
});

test('withoutZeroBytes: a number with a zero among its bytes, throws', () => {
  expect(() => withoutZeroBytes(pack([600_000_000]))).toThrow('whose bytes hold a zero');
});
