/** What the takings of some subjects under one policy hold. */
export interface TakingsSample {
  readonly policy: string;
  readonly subjectCount: number;
  /** Entries that a window counts. */
  readonly countingCount: number;
  /** Entries that only serve to recognise repeats. */
  readonly memoryCount: number;
}
