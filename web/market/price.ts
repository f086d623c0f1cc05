/** The highest price of an article: 10,000 euros. */
export const MAX_PRICE_CENTS = 1_000_000;

const CENTS_PER_EURO = 100;

// A space groups thousands in French; a copied price has its currency sign, too.
const FRENCH = /^(?<euros>\d{1,3}(?:\s\d{3})+|\d+)(?:[.,](?<cents>\d{1,2}))?\s*€?$/u;

// The format of English pages: the sign first, and a comma for thousands. Without cents, "1,234" could be a French typing error.
const ENGLISH = /^€?\s*(?<euros>\d{1,3}(?:,\d{3})+(?=\.)|\d+)(?:\.(?<cents>\d{1,2}))?$/u;

// More digits than any price has, and few enough for whole numbers to be exact.
const MAX_DIGITS = 9;

/**
 * Reads a price in euros, as typed or in the format of either language, into whole cents, without floating point.
 * Undefined if it is invalid: a third decimal, a sign, an incomplete group of thousands.
 */
export function parsePrice(text: string): number | undefined {
  const trimmed = text.trim();
  const groups = (FRENCH.exec(trimmed) ?? ENGLISH.exec(trimmed))?.groups;
  if (groups === undefined) return undefined;
  const euros = (groups.euros ?? '').replaceAll(/[\s,]/gu, '').replace(/^0+(?=\d)/, '');
  if (euros.length > MAX_DIGITS) return Number.MAX_SAFE_INTEGER;
  // "12,5" is twelve euros and fifty cents.
  const cents = (groups.cents ?? '').padEnd(2, '0');
  return Number(euros) * CENTS_PER_EURO + Number(cents);
}
