/** The erasure of one subject, which it never names. */
export interface Erasure {
  readonly id: string;
  /** The subject under the keyed hash of the logs. */
  readonly subjectHash: string;
  /** By the store's clock: what was kept of the subject until then goes. */
  readonly startTimeMs: number;
  /** When nothing was left; undefined while it is running. */
  readonly endTimeMs: number | undefined;
  readonly stepsDone: number;
  readonly stepsTotal: number;
}

/** Subjects that were erased, each with the store's time in microseconds at which that began: what is older must go. */
export interface ErasedSubjects {
  /** By name: their erasures are still running. */
  readonly named: ReadonlyMap<string, number>;
  /** By keyed hash: their erasures have ended, perhaps before this daemon learned of them. */
  readonly hashed: ReadonlyMap<string, number>;
}

/** Erases subjects from the store. Every method throws `StoreUnavailable` if the store cannot answer. */
export interface Erasing {
  /**
   * Begins to erase everything that the store holds of a subject. Its limits and counts are gone when this resolves; the
   * rest is removed in the background by any daemon. Throws `TooManyErasures`.
   */
  eraseSubject(subject: string): Promise<Erasure>;
  /** How far an erasure is. Throws `UnknownErasure` once it is forgotten. */
  getErasure(id: string): Promise<Erasure>;
}

/** An operator has lowered a limit of the subject, and only an operator may erase that. */
export class LoweredLimit extends Error {
  override readonly name = 'LoweredLimit';
  constructor() {
    super('an operator has lowered a limit of this subject: only an operator may erase it');
  }
}

/** The same, but an erasure has begun only once no daemon denies its subject by what it remembers from before. */
export function erasingAfterCaches(erasing: Erasing, afterCaches: () => Promise<void>): Erasing {
  return {
    ...erasing,
    async eraseSubject(subject) {
      const begun = await erasing.eraseSubject(subject);
      await afterCaches();
      return begun;
    },
  };
}

/** An admission is not written, as its subject was erased after it was made. */
export class SubjectErased extends Error {
  override readonly name = 'SubjectErased';
  constructor() {
    super('the subject was erased meanwhile');
  }
}

/** The limit of running erasures is reached. */
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
