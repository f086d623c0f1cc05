import { describe, expect, test } from '@jest/globals';
import type { MessageKey } from '../../../../web/i18n/messages';
import { createTranslator } from '../../../../web/i18n/translator';

const en = createTranslator('en', 'Europe/Paris');
const fr = createTranslator('fr', 'Europe/Paris');

/** With ordinary spaces, whichever the language has between a number and its unit. */
function plain(text: string): string {
  return text.replaceAll(/\s/g, ' ');
}

describe('translator', () => {
  test('translator: a number and a price have the form of each language', () => {
    expect([en.number(1024), en.price(1_000_000)]).toEqual(['1,024', '€10,000.00']);
    expect([fr.number(1024), fr.price(1_000_000)].map(plain)).toEqual(['1 024', '10 000,00 €']);
  });

  test('translator: a moment is shown in the zone of the site and written for machines in UTC', () => {
    const winter = new Date('2026-01-31T23:30:00Z');
    expect(en.moment(winter)).toEqual({ text: '1 Feb 2026, 00:30', iso: '2026-01-31T23:30:00.000Z' });
    expect(fr.moment(winter).text).toBe('1 févr. 2026, 00:30');
  });

  test('translator: an amount is written as a reader of the language types it, without groups', () => {
    expect([en.amount(1_800), en.amount(123_456)]).toEqual(['18.00', '1234.56']);
    expect([fr.amount(1_800), fr.amount(123_456)]).toEqual(['18,00', '1234,56']);
  });

  test('translator: so many milliseconds from now are rounded up so that nobody comes too early', () => {
    const now = Date.parse('2026-07-01T10:00:00.400Z');
    expect(en.clockIn(1_000, now)).toEqual({ text: '12:00:02', iso: '2026-07-01T10:00:02.000Z' });
    expect(en.clockIn(600, now).text).toBe('12:00:01');
  });

  test('translator: one, none and several are counted as each language counts them', () => {
    const left = (remaining: number) => plain(fr.t('quota.left', { remaining, limit: 10 }));
    expect([0, 1, 2].map(left)).toEqual(['0 restante sur 10', '1 restante sur 10', '2 restantes sur 10']);
    expect(en.t('buy.count', { count: 1, more: 'no' })).toBe('1 article');
    const rule = { limit: 1, window: '10 minutes' };
    expect(en.t('quota.rule', rule)).toContain('1 call in any 10 minutes');
    expect(fr.t('quota.rule', rule)).toContain('1 opération par');
  });

  test('translator: what stands in a sentence is text and never markup', () => {
    expect(en.t('buy.own', { title: '<b>{x}</b>' })).toBe('“<b>{x}</b>” is yours: you cannot buy it.');
  });

  test('translator: a sentence that is not there fails and is not an empty place', () => {
    expect(() => en.t('no.such.key' as MessageKey)).toThrow('locales/en.json has no no.such.key');
  });
});
