/** The size of the column. A longer word is cut, in titles and in searches alike, so it is still found. */
const MAX_WORD = 60;

// Letters that Unicode does not decompose, though a reader does.
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

/** Whether the search is not empty. Without a letter or a digit, it finds nothing. */
export function isSearch(text: string): boolean {
  return text.trim() !== '';
}

/**
 * The words of a text, for comparison: in lower case, without accents, each once, in order. An apostrophe or a
 * hyphen separates two words: "L’Étranger" is "l" and "etranger". Every word counts, however short or frequent.
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
