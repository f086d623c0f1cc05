import type { Filling } from '../redis/filling';

/** Calls one after the other on each of many lines: as fast as the server answers. */
export interface ClosedOrder {
  readonly kind: 'closed';
  readonly target: string;
  readonly call: 'admit' | 'batch' | 'record-call' | 'envoy';
  /** The admissions of one batch. */
  readonly batchSize?: number;
  /** Calls that are being answered at any time. */
  readonly concurrency: number;
  readonly connections: number;
  readonly durationMs: number;
  /** Ends earlier once so many calls were sent. */
  readonly count?: number;
  readonly subjects: Subjects;
  readonly policy?: string;
}

/** So many subjects: the prefix and a number, in turn, or those that a store was filled with, at random. */
export type Subjects =
  | { readonly prefix: string; readonly count: number; readonly filling?: undefined }
  | { readonly filling: Filling; readonly count: number };

/** What came of it. A decision is one admission, or one call that was recorded. */
export interface ClosedResult {
  readonly decisions: number;
  readonly admitted: number;
  readonly failed: number;
  readonly elapsedMs: number;
  /** The processor time of the client. */
  readonly cpuUs: number;
}

/** Calls of Admit, each for a subject of its own unless they are skewed, at a constant rate however fast the server answers. */
export interface OpenOrder {
  readonly kind: 'open';
  readonly target: string;
  readonly connections: number;
  readonly phases: readonly Pace[];
  readonly deadlineMs: number;
  /** Different for each order to one store. */
  readonly subjectPrefix: string;
  /** Draws the subjects by Zipf's law instead. */
  readonly skew?: Skew;
}

/** The n-th of so many users is named by n, and calls in proportion to n to the power of minus the exponent. */
export interface Skew {
  readonly users: number;
  readonly exponent: number;
  readonly seed: number;
}

/** How a phase offers calls: so many a second, or as many as keep so many unanswered. */
export type Pace = { readonly durationMs: number } & (
  | { readonly perSecond: number; readonly unanswered?: undefined }
  | { readonly unanswered: number; readonly perSecond?: undefined }
);

/** What came of one phase. Latency counts from the moment that the rate sets for a call, sent or not. */
export interface PhaseResult {
  readonly offered: number;
  /** In time. */
  readonly answered: number;
  readonly admitted: number;
  /** Refused by the server. */
  readonly refused: number;
  /** The deadline passed first. */
  readonly late: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** The calls of each tenth of a second. */
  readonly slices: readonly Slice[];
}

export interface Slice {
  readonly offered: number;
  readonly answered: number;
  readonly p95Us: number;
}

export interface OpenResult {
  readonly phases: readonly PhaseResult[];
  /** How often connections were reopened because the server had ended them. */
  readonly reopened: number;
  /** What all connections have sent and received, in bytes of TCP's payload. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly cpuUs: number;
}

/** Calls of one command of Redis with random numbers in it, in blocks that are written at once. */
export interface PipelinedOrder {
  readonly kind: 'pipelined';
  readonly port: number;
  readonly command: readonly Uint8Array[];
  /** The calls of a block. */
  readonly pipeline: number;
  readonly connections: number;
  readonly count: number;
  /** The numbers are below this. */
  readonly numbers: number;
}

export interface PipelinedResult {
  readonly perSecond: number;
  readonly cpuUs: number;
}
