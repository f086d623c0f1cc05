/** The dearest that an article may be: 10,000 euros. */
export const MAX_PRICE_CENTS = 1_000_000;

const CENTS_PER_EURO = 100;

// A space groups thousands in French; whoever copies a price copies the sign too.
const PRICE = /^(?<euros>\d{1,3}(?:\s\d{3})+|\d+)(?:[.,](?<cents>\d{1,2}))?\s*€?$/u;

// More digits than any price has, and few enough for whole numbers to be exact.
const MAX_DIGITS = 9;

/**
 * Reads a price in euros as people type it, with a comma or a point, into whole cents; no fraction is ever computed with.
 * Undefined where it is none: a third decimal, a sign, a group of thousands cut short.
 */
export function parsePrice(text: string): number | undefined {
  const groups = PRICE.exec(text.trim())?.groups;
  if (groups === undefined) return undefined;
  const euros = (groups.euros ?? '').replaceAll(/\s/gu, '').replace(/^0+(?=\d)/, '');
  if (euros.length > MAX_DIGITS) return Number.MAX_SAFE_INTEGER;
  // "12,5" is twelve euros and fifty cents.
  const cents = (groups.cents ?? '').padEnd(2, '0');
  return Number(euros) * CENTS_PER_EURO + Number(cents);
}
