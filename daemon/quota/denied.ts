/** A subject that a policy denied. */
export interface DeniedSubject {
  readonly subject: string;
  /** When it was denied last, by the store's clock. */
  readonly denyTimeMs: number;
}

/** Subjects that a store remembers as denied, of each policy: the latest. */
export const MOST_DENIED = 1000;
