/** The size of the column. A longer word is cut, in a title and in a search alike, so it is found all the same. */
const MAX_WORD = 60;

// Letters that Unicode does not take apart, though a reader does.
const LIGATURES: Readonly<Record<string, string>> = {
  œ: 'oe',
  æ: 'ae',
  ß: 'ss',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ı: 'i',
};
const LIGATURE = new RegExp(`[${Object.keys(LIGATURES).join('')}]`, 'gu');

/**
 * The words of a text as they are compared: in lower case, without accents, each once, in their order. An apostrophe or a
 * hyphen parts two words: "L’Étranger" is "l" and "etranger". Every word counts, however short or frequent.
 */
export function wordsOf(text: string): string[] {
  const plain = text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(LIGATURE, (letter) => LIGATURES[letter] ?? letter);
  const words = plain.match(/[\p{L}\p{N}]+/gu) ?? [];
  return [...new Set(words.map((word) => [...word].slice(0, MAX_WORD).join('')))];
}
