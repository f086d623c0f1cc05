/** The erasure of one subject, which it never names. */
export interface Erasure {
  readonly id: string;
  /** The subject under the keyed hash of the logs. */
  readonly subjectHash: string;
  /** By the store's clock: what was kept of the subject until then goes. */
  readonly startTimeMs: number;
  /** When nothing was left; undefined while it goes on. */
  readonly endTimeMs: number | undefined;
  readonly stepsDone: number;
  readonly stepsTotal: number;
}

/** Erases subjects from the store. Every method throws `StoreUnavailable` if the store cannot answer. */
export interface Erasing {
  /**
   * Begins to erase everything that the store holds of a subject. What decides and what is counted of it is gone when
   * this resolves; the rest goes in the background, whichever daemon is there to do it. Throws `TooManyErasures`.
   */
  eraseSubject(subject: string): Promise<Erasure>;
  /** How far an erasure is. Throws `UnknownErasure` once it is forgotten. */
  getErasure(id: string): Promise<Erasure>;
}

/** As many erasures go on as may. */
export class TooManyErasures extends Error {
  override readonly name = 'TooManyErasures';
  constructor(most: number) {
    super(`${most} erasures go on already; try again once one has ended`);
  }
}

/** No erasure has this id, or it ended long ago. */
export class UnknownErasure extends Error {
  override readonly name = 'UnknownErasure';
  constructor() {
    super('no erasure has this id, or it was forgotten since');
  }
}
