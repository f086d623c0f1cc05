import { describe, expect, test } from '@jest/globals';
import { createTranslator } from '../../../../../web/i18n/translator';
import { createHourNames } from '../../../../../web/pages/statistics/hour_names';
import { makeBoard } from '../../../../../web/pages/statistics/make_board';
import { READING } from './readings';

const ZONE = 'Europe/Paris';
const boardIn = (language: 'en' | 'fr') =>
  makeBoard(READING, createTranslator(language, ZONE), createHourNames(language, ZONE));

describe('makeBoard', () => {
  test('board: users with an account and one without, names and the bare subject', () => {
    expect(boardIn('en').panels.top).toEqual({
      gist: 'Bar chart. The most connections: Ada Lovelace, 1,024.',
      rows: [
        ['Ada Lovelace', '1,024'],
        ['No account (other-7)', '3'],
      ],
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

  test('board: nobody listed, a sentence and no bar', () => {
    expect(boardIn('fr').panels.least).toEqual({
      gist: 'Rien pour l’instant.',
      rows: [],
      labels: [],
      series: [[]],
    });
  });

  test('board: hours, the latest first in the table and the oldest first in the picture', () => {
    const { hours } = boardIn('en').panels;

    expect(hours.rows).toEqual([
      ['Fri 2, 00:00', '4', '1', '2'],
      ['Thu 1, 23:00', '0', '0', '0'],
    ]);
    expect(hours.labels).toEqual(['Thu 1, 23:00', 'Fri 2, 00:00']);
    expect(hours.series).toEqual([
      [0, 4],
      [0, 1],
      [0, 2],
    ]);
    expect(hours.gist).toContain('Connections: 4. Connections refused: 1. Calls refused: 2.');
  });

  test('board: a day that begins among the hours, by the clocks of the site', () => {
    expect(boardIn('fr').days).toEqual([{ index: 1, name: 'ven. 2' }]);
  });

  test('hour: the one that clocks going back show twice, told apart; its neighbours plain', () => {
    const { hour } = createHourNames('en', ZONE);
    const starts = ['2026-10-24T23:00Z', '2026-10-25T00:00Z', '2026-10-25T01:00Z', '2026-10-25T02:00Z'];
    const hours = starts.map((start) => hour(new Date(start)));
    expect(hours).toEqual(['Sun 25, 01:00', 'Sun 25, 02:00 CEST', 'Sun 25, 02:00 CET', 'Sun 25, 03:00']);
  });

  test('hour: a zone that is half an hour off, the half hours that its clocks show', () => {
    const { hour, day } = createHourNames('en', 'Asia/Kolkata');
    const start = new Date('2026-11-22T19:00:00Z');
    expect([hour(start), day(start)]).toEqual(['Mon 23, 00:30', 'Mon 23']);
  });

  test('board: the time of the reading, by the clocks of the site', () => {
    expect(boardIn('fr').readTime).toEqual({ text: '00:14:07', iso: '2026-01-01T23:14:07.000Z' });
  });
});
