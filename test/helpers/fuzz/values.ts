import type { Random } from '../../../scripts/demo/random';

/** Few enough that a daemon which remembers each of them stays small. */
const SUBJECTS = 200;

/** Names that exist, names that do not, and text that has surprised programs before. */
const TEXTS = [
  ...['connection', 'service-call', 'login-attempt', 'per-window', 'burst', 'vente', 'achat'],
  ...['', ' ', '42', '\0', '\n', '%', '"', "'", '\\', ':', '{0}', '{1}:x', '*', '[x]', '..', '../..'],
  ...['constructor', '__proto__', 'toString', 'null', 'NaN', '-1', '1e400', '0x10'],
  ...['é', 'e\u0301', '\u202e', '\ufeff', '\u{1f600}', '\uffff', 'İ'],
  ...['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
  ...[
    '6f1c1f4e-5f1e-4a30-9c53-0a5a3d0d2f11',
    '0.6f1c1f4e-5f1e-4a30-9c53-0a5a3d0d2f11',
    '0-0',
    '1795648020471-0',
  ],
  ...['a'.repeat(63), 'a'.repeat(64), 'a'.repeat(128), 'a'.repeat(129), 'é'.repeat(128), 'a'.repeat(50_000)],
] as [string, ...string[]];

/** No UTF-8: a byte that starts nothing, a start without its rest, half of a surrogate pair, an overlong slash. */
const NOT_UTF8 = ['ff', 'c328', 'eda080', 'c0af'] as [string, ...string[]];

/** Around every bound that a whole number has on its way. */
const NUMBERS = [
  ...[0n, 1n, 2n, 10n, 100n, 1000n, 1001n, -1n, -(2n ** 31n), 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n],
  ...[
    2n ** 53n - 1n,
    2n ** 53n,
    2n ** 63n - 1n,
    -(2n ** 63n),
    253_402_300_799n,
    253_402_300_800n,
    999_999_999n,
  ],
  ...[1_795_648_020n, 1_000_000_000n],
] as [bigint, ...bigint[]];

export function anyText(random: Random): Buffer {
  if (random.isLucky(0.3)) return Buffer.from(`s${random.between(1, SUBJECTS)}`);
  if (random.isLucky(0.05)) return Buffer.from(random.pick(NOT_UTF8), 'hex');
  return Buffer.from(random.pick(TEXTS));
}

export function anyNumber(random: Random): bigint {
  return random.isLucky(0.5) ? BigInt(random.between(0, 12)) : random.pick(NUMBERS);
}
