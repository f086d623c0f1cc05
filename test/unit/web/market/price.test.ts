import { describe, expect, test } from '@jest/globals';
import { LANGUAGES } from '../../../../web/i18n/languages';
import { createTranslator } from '../../../../web/i18n/translator';
import { MAX_PRICE_CENTS, parsePrice } from '../../../../web/market/price';

describe('parsePrice', () => {
  test.each(LANGUAGES)('parsePrice: every price as pages write it comes back as itself: %s', (language) => {
    const { price } = createTranslator(language, 'Europe/Paris');
    for (let cents = 1; cents <= MAX_PRICE_CENTS; cents += 997) expect(parsePrice(price(cents))).toBe(cents);
  });

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
    ['€12.50', 1_250],
    ['€ 12', 1_200],
    ['1,234.56', 123_456],
    ['€1,234.56', 123_456],
    ['€10,000.00', 1_000_000],
    ['1,234,567.89', 123_456_789],
    // In floating point these are 113.99999999999999 and 1998.9999999999998 cents.
    ['1.14', 114],
    ['19.99', 1_999],
    ['4.35', 435],
  ])('parsePrice: %j is %i cents', (text, cents) => {
    expect(parsePrice(text)).toBe(cents);
  });

  test('parsePrice: every number of cents up to 100 euros comes back as itself', () => {
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
    '1,234',
    '€1,234',
    '€12,50',
    '1,23.45',
    '12,34.56',
    '1234,567.00',
    '€12.50€',
    '€-1',
    '1,234.567',
  ])('parsePrice: %j is no price', (text) => {
    expect(parsePrice(text)).toBeUndefined();
  });

  test('parsePrice: far too many digits are more than any price rather than a rounded one', () => {
    expect(parsePrice('9'.repeat(400))).toBe(Number.MAX_SAFE_INTEGER);
  });
});
