import type { Random } from '../../../scripts/demo/random';

/** Ranks from 1 to `count`; each is drawn in proportion to rank to the power of minus `exponent`. */
export interface ZipfLaw {
  readonly count: number;
  /** 0 draws all alike; 1 is what texts and web pages are often found to follow. */
  readonly exponent: number;
}

/**
 * Draws ranks by Zipf's law, in constant time and memory: rejection-inversion (W. Hörmann and G. Derflinger,
 * "Rejection-inversion to generate variates from monotone discrete distributions", 1996).
 */
export function createZipf({ count, exponent }: ZipfLaw, random: Pick<Random, 'next'>): () => number {
  const first = integral(1.5, exponent) - 1;
  const last = integral(count + 0.5, exponent);
  const surely = 2 - inverse(integral(2.5, exponent) - 2 ** -exponent, exponent);
  return () => {
    for (;;) {
      const drawn = last + random.next() * (first - last);
      const x = inverse(drawn, exponent);
      const rank = Math.min(count, Math.max(1, Math.round(x)));
      if (rank - x <= surely || drawn >= integral(rank + 0.5, exponent) - rank ** -exponent) return rank;
    }
  };
}

/** The terms that are added one by one; the error of the rest is below a millionth. */
const EXACT_TERMS = 1_000;

/** How likely each rank is. */
export function zipfShares({ count, exponent }: ZipfLaw): (rank: number) => number {
  const exact = Math.min(count, EXACT_TERMS);
  let sum = integral(count + 0.5, exponent) - integral(exact + 0.5, exponent);
  for (let rank = 1; rank <= exact; rank += 1) sum += rank ** -exponent;
  return (rank) => rank ** -exponent / sum;
}

/** Of x to the power of minus the exponent, from 1 to x. */
function integral(x: number, exponent: number): number {
  return exponent === 1 ? Math.log(x) : (x ** (1 - exponent) - 1) / (1 - exponent);
}

/** The x up to which the integral is `area`. */
function inverse(area: number, exponent: number): number {
  return exponent === 1 ? Math.exp(area) : (1 + area * (1 - exponent)) ** (1 / (1 - exponent));
}
