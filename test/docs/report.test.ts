import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const docs = join(__dirname, '..', '..', 'docs');
const english = readFileSync(join(docs, 'report.md'), 'utf8');
const french = readFileSync(join(docs, 'rapport.md'), 'utf8');

/** The sections of a report, by their numbers. */
function sectionsOf(report: string): string[] {
  return report.split(/^## /m).slice(1);
}

/** Every number of a text in one notation: 66,461 and 66 461 are 66461, 2.42 and 2,42 are 2.42. */
function numbersOf(text: string, notation: 'English' | 'French'): string[] {
  const isEnglish = notation === 'English';
  const plain = isEnglish
    ? text.replaceAll(/(?<=\d),(?=\d{3}\b)/g, '')
    : text.replaceAll(/(?<=\d) (?=\d{3}\b)/g, '');
  const number = isEnglish ? /\d+(?:\.\d+)?/g : /\d+(?:[.,]\d+)?/g;
  return (plain.match(number) ?? []).map((found) => found.replace(',', '.')).sort();
}

/** What stands between the fences, apart from diagrams, whose words are translated. */
function consolesOf(text: string): string[] {
  return [...text.matchAll(/^```console\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
}

/** Commands, files and keys. */
function codeOf(text: string): string[] {
  return (text.replaceAll(/^```[\s\S]*?^```$/gm, '').match(/`[^`\n]+`/g) ?? []).sort();
}

/** Comments are not shown. */
const shown = (report: string) => report.replaceAll(/<!--[\s\S]*?-->\n?/g, '');

describe('the report and the rapport', () => {
  const pairs = sectionsOf(shown(english)).map((section, place) => ({
    title: section.slice(0, section.indexOf('\n')),
    one: section,
    other: sectionsOf(shown(french))[place] ?? '',
  }));

  test('have the same number of sections', () => {
    expect(sectionsOf(french)).toHaveLength(sectionsOf(english).length);
    expect(pairs.length).toBeGreaterThan(5);
  });

  test.each(pairs)('carry the same figures: $title', ({ one, other }) => {
    expect(numbersOf(other, 'French')).toEqual(numbersOf(one, 'English'));
  });

  test.each(pairs)('show the same commands, files and keys: $title', ({ one, other }) => {
    expect(consolesOf(other)).toEqual(consolesOf(one));
    expect(codeOf(other)).toEqual(codeOf(one));
  });
});
