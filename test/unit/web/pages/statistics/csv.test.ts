import { describe, expect, test } from '@jest/globals';
import { createTranslator } from '../../../../../web/i18n/translator';
import { panelCsv, toCsv } from '../../../../../web/pages/statistics/csv';
import { createHourNames } from '../../../../../web/pages/statistics/hour_names';
import { makeBoard } from '../../../../../web/pages/statistics/make_board';
import { READING } from './readings';

const ZONE = 'Europe/Paris';
const csvOf = (id: 'hours' | 'top' | 'services' | 'recent' | 'least', language: 'en' | 'fr' = 'en') => {
  const translator = createTranslator(language, ZONE);
  const board = makeBoard(READING, translator, createHourNames(language, ZONE));
  return panelCsv(id, { board, reading: READING }, translator);
};

describe('toCsv', () => {
  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx'])('csv: %j makes no formula', (text) => {
    expect(toCsv([[text]]).replace(/^\uFEFF"?/, '')).toMatch(/^'/);
  });

  test('csv: commas, quotes and line ends stay in one cell each', () => {
    expect(toCsv([['a,b', 'say "x"', 'two\nlines', 'plain']])).toBe(
      '\uFEFF"a,b","say ""x""","two\nlines",plain\r\n',
    );
  });

  test('csv: a formula with quotes is made harmless before it is quoted', () => {
    expect(toCsv([['=HYPERLINK("x")']])).toBe('\uFEFF"\'=HYPERLINK(""x"")"\r\n');
  });
});

describe('panelCsv', () => {
  test('csv: the hours are the oldest first, in UTC and with plain numbers', () => {
    expect(csvOf('hours')).toBe(
      '\uFEFFHour,Connections,Calls,Connections denied,Calls denied\r\n' +
        '2026-01-01T22:00:00.000Z,0,0,0,0\r\n2026-01-01T23:00:00.000Z,4,9,1,2\r\n',
    );
  });

  test('csv: users have their names and plain numbers', () => {
    expect(csvOf('top', 'fr')).toBe(
      '\uFEFFUtilisateur,Connexions\r\nAda Lovelace,1024\r\nSans compte (other-7),3\r\n',
    );
  });

  test('csv: the last users have their time in UTC', () => {
    expect(csvOf('recent')).toBe('\uFEFFUser,Connected\r\nAda Lovelace,2026-01-01T23:10:00.000Z\r\n');
  });

  test('csv: with nobody in it, the columns are left alone', () => {
    expect(csvOf('least')).toBe('\uFEFFUser,Calls\r\n');
  });
});
