import { describe, expect, test } from '@jest/globals';
import { createTranslator } from '../../../../../web/i18n/translator';
import { createHourNames } from '../../../../../web/pages/statistics/hour_names';
import { makeBoard } from '../../../../../web/pages/statistics/make_board';
import { READING } from './readings';

const ZONE = 'Europe/Paris';
const boardIn = (language: 'en' | 'fr') =>
  makeBoard(READING, createTranslator(language, ZONE), createHourNames(language, ZONE));

describe('makeBoard', () => {
  test('board: users with an account have names, and one without has the bare subject', () => {
    expect(boardIn('en').panels.top).toEqual({
      gist: 'Bar chart. The most connections: Ada Lovelace, 1,024.',
      rows: [
        ['Ada Lovelace', '1,024'],
        ['No account (other-7)', '3'],
      ],
      links: ['/students/1', ''],
      labels: ['Ada Lovelace', 'No account (other-7)'],
      series: [[1_024, 3]],
    });
  });

  test('board: a service the site does not know, by its own name', () => {
    expect(boardIn('fr').panels.services.rows).toEqual([
      ['Vente', '5'],
      ['louage', '0'],
    ]);
  });

  test('board: with nobody listed, it is a sentence and no bar', () => {
    expect(boardIn('fr').panels.least).toEqual({
      gist: 'Rien pour l’instant.',
      rows: [],
      links: [],
      labels: [],
      series: [[]],
    });
  });

  test('board: hours are the latest first in the table and the oldest first in the picture', () => {
    const { hours } = boardIn('en').panels;

    expect(hours.rows).toEqual([
      ['Fri 2, 00:00', '4', '9', '1', '2'],
      ['Thu 1, 23:00', '0', '0', '0', '0'],
    ]);
    expect(hours.labels).toEqual(['Thu 1, 23:00', 'Fri 2, 00:00']);
    expect(hours.series).toEqual([
      [0, 4],
      [0, 9],
      [0, 1],
      [0, 2],
    ]);
    expect(hours.gist).toContain('Connections: 4. Calls: 9. Connections denied: 1. Calls denied: 2.');
  });

  test('board: every day is among the hours, by the clocks of the site', () => {
    expect(boardIn('fr').days).toEqual([
      { start: 0, middle: 0, name: 'jeu. 1' },
      { start: 1, middle: 1, name: 'ven. 2' },
    ]);
  });

  test('board: a whole day has its name in its middle', () => {
    const hours = Array.from({ length: 30 }, (_, at) => ({
      startTime: new Date(Date.UTC(2026, 0, 1, 22 + at)),
      policies: [],
    }));
    const reading = { ...READING, stats: { ...READING.stats, hours } };
    const { days } = makeBoard(reading, createTranslator('en', ZONE), createHourNames('en', ZONE));
    expect(days).toEqual([
      { start: 0, middle: 0, name: 'Thu 1' },
      { start: 1, middle: 12, name: 'Fri 2' },
      { start: 25, middle: 27, name: 'Sat 3' },
    ]);
  });

  test('board: the headline figures, the sums of the hours', () => {
    expect(boardIn('en').figures).toEqual({
      connections: '4',
      calls: '9',
      'connections-refused': '1',
      'calls-refused': '2',
    });
  });

  test('hour: the hour that clocks show twice when set back has its zone; its neighbours do not', () => {
    const { hour } = createHourNames('en', ZONE);
    const starts = ['2026-10-24T23:00Z', '2026-10-25T00:00Z', '2026-10-25T01:00Z', '2026-10-25T02:00Z'];
    const hours = starts.map((start) => hour(new Date(start)));
    expect(hours).toEqual(['Sun 25, 01:00', 'Sun 25, 02:00 CEST', 'Sun 25, 02:00 CET', 'Sun 25, 03:00']);
  });

  test('hour: a zone that is half an hour off has the half hours that its clocks show', () => {
    const { hour, day } = createHourNames('en', 'Asia/Kolkata');
    const start = new Date('2026-11-22T19:00:00Z');
    expect([hour(start), day(start)]).toEqual(['Mon 23, 00:30', 'Mon 23']);
  });

  test('board: the time of the reading is by the clocks of the site', () => {
    expect(boardIn('fr').readTime).toEqual({ text: '00:14:07', iso: '2026-01-01T23:14:07.000Z' });
  });
});
