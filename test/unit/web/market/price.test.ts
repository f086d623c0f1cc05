import { describe, expect, test } from '@jest/globals';
import { parsePrice } from '../../../../web/market/price';

describe('parsePrice', () => {
  test.each([
    ['12,50', 1_250],
    ['12.50', 1_250],
    ['12', 1_200],
    ['12,5', 1_250],
    ['0,01', 1],
    ['0', 0],
    ['007', 700],
    ['  3,20 ', 320],
    ['3,20 €', 320],
    ['3 €', 300],
    ['10 000', 1_000_000],
    ['10\u202f000,00\u00a0€', 1_000_000],
    // In floating point these are 113.99999999999999 and 1998.9999999999998 cents.
    ['1.14', 114],
    ['19.99', 1_999],
    ['4.35', 435],
  ])('parsePrice: %j, %i cents', (text, cents) => {
    expect(parsePrice(text)).toBe(cents);
  });

  test('parsePrice: every number of cents up to 100 euros, itself again', () => {
    for (let cents = 0; cents <= 10_000; cents += 1) {
      const euros = `${Math.trunc(cents / 100)},${String(cents % 100).padStart(2, '0')}`;
      expect(parsePrice(euros)).toBe(cents);
    }
  });

  test.each([
    '',
    ' ',
    '-1',
    '+1',
    '12,505',
    '12.500,00',
    '12,',
    ',50',
    '1,2,3',
    '1e3',
    '0x10',
    'Infinity',
    'NaN',
    '٣',
    '1 2',
    '10 00',
    '$3',
    '€',
    'douze',
    '12,50 EUR',
    "12'50",
  ])('parsePrice: %j, no price', (text) => {
    expect(parsePrice(text)).toBeUndefined();
  });

  test('parsePrice: far too many digits, more than any price rather than a rounded one', () => {
    expect(parsePrice('9'.repeat(400))).toBe(Number.MAX_SAFE_INTEGER);
  });
});
