/** What was asked in a tenth of a second, and how it was answered. */
interface Slice {
  readonly offered: number;
  readonly answered: number;
  readonly p95Us: number;
}

const SLICE_S = 0.1;

/** A machine has hiccups, so one normal tenth of a second shows nothing. */
const NORMAL_SLICES = 5;

/** Twice the slowest hundredth of calmer times is still normal, and so is anything that nobody notices. */
const SLOWER = 2;
const UNNOTICED_US = 20_000;

/**
 * After how many seconds a server is normal again: from then on, for half a second, nineteen of twenty calls are
 * answered, and those within twice what the slowest hundredth of calls took before. All of the time if that never was.
 */
export function recoveryS(slices: readonly Slice[], calmP99Us: number): number {
  const boundUs = Math.max(SLOWER * calmP99Us, UNNOTICED_US);
  const isNormal = ({ offered, answered, p95Us }: Slice) => answered >= 0.95 * offered && p95Us <= boundUs;
  const first = slices.findIndex((_, at) => {
    const next = slices.slice(at, at + NORMAL_SLICES);
    return next.length === NORMAL_SLICES && next.every(isNormal);
  });
  return (first < 0 ? slices.length : first) * SLICE_S;
}
