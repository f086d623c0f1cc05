import { describe, expect, test } from '@jest/globals';
import { formatDelay } from '../../../../web/i18n/delay';

const CASES: [number, string, string][] = [
  [0, '0 seconds', '0 seconde'],
  [-5, '0 seconds', '0 seconde'],
  [1, '1 second', '1 seconde'],
  [1_001, '2 seconds', '2 secondes'],
  [60_000, '1 minute', '1 minute'],
  [65_001, '1 minute 6 seconds', '1 minute 6 secondes'],
  [411_001, '6 minutes 52 seconds', '6 minutes 52 secondes'],
  [3_599_001, '1 hour', '1 heure'],
  [3_600_001, '1 hour 1 minute', '1 heure 1 minute'],
  [7_500_000, '2 hours 5 minutes', '2 heures 5 minutes'],
  [259_200_000, '72 hours', '72 heures'],
];

describe('formatDelay', () => {
  test.each(CASES)('%d ms are rounded up, in English and in French', (ms, english, french) => {
    expect([formatDelay(ms, 'en'), formatDelay(ms, 'fr')].map(spaced)).toEqual([english, french]);
  });

  test.each(['en', 'fr'])('a line breaks between two units alone, in %s', (language) => {
    expect(formatDelay(411_001, language)).toMatch(/^6\u00a0minutes 52\u00a0sec/);
  });
});

function spaced(text: string): string {
  return text.replaceAll('\u00a0', ' ');
}
