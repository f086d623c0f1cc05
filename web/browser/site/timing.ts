const MS_PER_S = 1_000;

const FIRST_RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 300_000;

/** How long a delay of so many milliseconds, shown in seconds and rounded up, stays as it is shown. */
export function msUntilNextSecond(leftMs: number): number {
  return leftMs - (Math.ceil(leftMs / MS_PER_S) - 1) * MS_PER_S;
}

/**
 * The pause after so many failures in a row, 1 or more: doubled each time, up to five minutes. `random`, from 0 to 1,
 * takes up to half of it away, so that the pages which failed together do not come back together.
 */
export function retryDelayMs(failures: number, random: number): number {
  const longest = Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LONGEST_RETRY_MS);
  return longest * (1 - random / 2);
}
