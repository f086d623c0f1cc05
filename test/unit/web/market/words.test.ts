import { describe, expect, test } from '@jest/globals';
import { wordsOf } from '../../../../web/market/words';

describe('wordsOf', () => {
  test.each([
    ['L’Étranger', ['l', 'etranger']],
    ["L'ÉTRANGER", ['l', 'etranger']],
    // The same letters, taken apart.
    ['E\u0301tranger', ['etranger']],
    ['Œuvres, tome II', ['oeuvres', 'tome', 'ii']],
    ['Straße', ['strasse']],
    ['Le Cid / It / CD', ['le', 'cid', 'it', 'cd']],
    ['Le plus le moins', ['le', 'plus', 'moins']],
    ['C++ 2ᵉ éd.', ['c', '2e', 'ed']],
    ['Война и мир', ['воина', 'и', 'мир']],
    ['三体', ['三体']],
    ['!? 🎬', []],
    ['', []],
  ])('wordsOf: %j gives %j', (text, words) => {
    expect(wordsOf(text)).toEqual(words);
  });

  test('wordsOf: a word of great length is cut to what the column holds, never within a character', () => {
    expect(wordsOf('a'.repeat(200))).toEqual(['a'.repeat(60)]);
    expect(wordsOf('𝒳𐐷'.repeat(60)).every((word) => [...word].length <= 60 && !/\p{Cs}/u.test(word))).toBe(
      true,
    );
  });

  test('wordsOf: its own words stay themselves', () => {
    const words = wordsOf('Les Misérables — Œuvre n° 1, ﬁn & ß');
    expect(wordsOf(words.join(' '))).toEqual(words);
  });
});
