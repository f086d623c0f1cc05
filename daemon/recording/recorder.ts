const US_PER_MS = 1000;

/** Takes the lines of a record. */
export interface Recorder {
  /** Adds a line, and returns its number: 0, 1, 2, … It is of this moment unless a field `atUs` says of which. */
  write(kind: string, fields: object): number;
}

/** A moment of `performance.now()` by this machine's clock, as it was at the start of the process, in microseconds. */
export function wallUs(monotonicMs: number): number {
  return Math.floor((performance.timeOrigin + monotonicMs) * US_PER_MS);
}
