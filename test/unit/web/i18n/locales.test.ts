import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { IntlMessageFormat } from 'intl-messageformat';
import en from '../../../../web/i18n/locales/en.json';
import fr from '../../../../web/i18n/locales/fr.json';

const ROOT = join(__dirname, '../../../..');
const KEY = /['"`]([a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+)['"`]/g;
const IN_A_SENTENCE = /\bt\(\s*(?:'([^']+)'|"([^"]+)"|`([^`]+)`)/g;

const sources = ['web', 'scripts']
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) =>
      join(ROOT, folder, file),
    ),
  )
  .filter((file) => /\.tsx?$/.test(file))
  .map((file) => readFileSync(file, 'utf8'));

/** The places of a sentence, each with its kind, those of plurals and choices included. */
function placesOf(sentence: string, language: string): string[] {
  const places = new Set<string>();
  const walk = (elements: readonly object[]) => {
    for (const element of elements) {
      if ('type' in element && 'value' in element && element.type !== 0)
        places.add(`${element.type} ${element.value}`);
      if ('options' in element)
        for (const option of Object.values(element.options as object)) walk(option.value);
    }
  };
  walk(new IntlMessageFormat(sentence, language, undefined, { ignoreTag: true }).getAst());
  // A plural says more in one language than in the other: a number is a number.
  return [...new Set([...places].map((place) => place.replace(/^[26] /, 'number ')))].sort();
}

describe('locales', () => {
  test('locales: every sentence is there in both languages and in the same order', () => {
    expect(Object.keys(fr)).toEqual(Object.keys(en));
    expect(Object.keys(en)).toEqual(Object.keys(en).sort());
    expect([...Object.values(en), ...Object.values(fr)].filter((sentence) => sentence.trim() === '')).toEqual(
      [],
    );
  });

  test('locales: every key that a page or a script says is known', () => {
    const said = sources.flatMap((source) =>
      [...source.matchAll(IN_A_SENTENCE)].map((match) => match[1] ?? match[2] ?? match[3]),
    );
    expect(said.length).toBeGreaterThan(50);
    expect(said.filter((key) => key === undefined || !Object.hasOwn(en, key))).toEqual([]);
  });

  test('locales: every sentence is said somewhere', () => {
    const said = new Set(sources.flatMap((source) => [...source.matchAll(KEY)].map(([, key]) => key)));
    expect(Object.keys(en).filter((key) => !said.has(key))).toEqual([]);
  });

  test('locales: a French sign that goes with a word is never alone on the next line', () => {
    const alone = / [:;!?»]|« /;
    expect(Object.values(fr).filter((sentence) => alone.test(sentence))).toEqual([]);
  });

  test('locales: every sentence has the apostrophe of print', () => {
    expect([...Object.values(en), ...Object.values(fr)].filter((sentence) => /'/.test(sentence))).toEqual([]);
  });

  test.each(Object.keys(en) as (keyof typeof en)[])(
    'locales: %s, the same places to fill in both languages',
    (key) => {
      expect(placesOf(fr[key], 'fr')).toEqual(placesOf(en[key], 'en'));
    },
  );
});
