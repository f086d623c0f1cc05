/** When a connection is ended, so that its client looks for a daemon again. */
export interface ConnectionAge {
  /** How old a connection may become, give or take a tenth; 0: any age. */
  readonly maxMs: number;
  /** How long its calls may go on after that; 0: as long as they like. */
  readonly graceMs: number;
}
