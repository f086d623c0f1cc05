import { type DeniedSubject, MOST_DENIED } from '../quota/denied';

const US_PER_MS = 1000;

/** The recently denied subjects. */
export interface Denied {
  note(policy: string, subject: string, atUs: number): void;
  /** The latest first. */
  list(policy: string, count: number): DeniedSubject[];
  erase(subject: string): void;
}

export function createDenied(): Denied {
  /** By policy, then by subject, the latest last. */
  const denied = new Map<string, Map<string, number>>();

  return {
    note(policy, subject, atUs) {
      const subjects = denied.get(policy) ?? new Map<string, number>();
      denied.set(policy, subjects);
      subjects.delete(subject);
      subjects.set(subject, atUs);
      const [oldest] = subjects.keys();
      if (subjects.size > MOST_DENIED && oldest !== undefined) subjects.delete(oldest);
    },

    list: (policy, count) =>
      [...(denied.get(policy) ?? [])]
        .toReversed()
        .slice(0, count)
        .map(([subject, atUs]) => ({ subject, denyTimeMs: Math.floor(atUs / US_PER_MS) })),

    erase(subject) {
      for (const subjects of denied.values()) subjects.delete(subject);
    },
  };
}
