/** The middle value; the mean of the two in the middle if there is no middle one. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  if (low === undefined || high === undefined) throw new Error('there is no median of no values');
  return (low + high) / 2;
}

/** The value that this percentage of the values does not exceed, the nearest rank. */
export function percentileOf(values: readonly number[], percentage: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.ceil((percentage / 100) * sorted.length) - 1];
  if (value === undefined) throw new Error('there is no percentile of no values');
  return value;
}

/** The smallest and the largest value. */
export interface Spread {
  readonly least: number;
  readonly most: number;
}

export function spreadOf(values: readonly number[]): Spread {
  return { least: Math.min(...values), most: Math.max(...values) };
}

/**
 * The ratios of two things that were measured in the same rounds, one for each round. What else the machine did weighed
 * on both alike, so these vary less than the ratio of two medians would.
 */
export function ratiosOf(compared: readonly number[], base: readonly number[]): number[] {
  if (compared.length !== base.length)
    throw new Error(`${compared.length} rounds cannot be compared with ${base.length}`);
  return compared.map((value, round) => {
    const divisor = base[round];
    if (divisor === undefined || !(divisor > 0)) throw new Error(`round ${round}: a ratio to ${divisor}`);
    return value / divisor;
  });
}

/** Adds up what several things took in the same rounds. */
export function sumsOf(...series: readonly (readonly number[])[]): number[] {
  const [first = []] = series;
  return first.map((_, round) => series.reduce((sum, values) => sum + (values[round] ?? Number.NaN), 0));
}
