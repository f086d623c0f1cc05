/** The pause after so many failures in a row, one or more: the least after the first, then twice as long each time. */
export function backOff(failures: number, { minMs, maxMs }: { minMs: number; maxMs: number }): number {
  return Math.min(maxMs, minMs * 2 ** (failures - 1));
}
