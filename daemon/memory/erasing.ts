import { randomUUID } from 'node:crypto';
import { type Erasing, type Erasure, UnknownErasure } from '../quota/erasing';

/** Ended erasures that are still reported. */
const KEPT_ERASURES = 1_000;

const US_PER_MS = 1000;

export interface MemoryErasingOptions {
  readonly erase: (subject: string) => void;
  readonly hashOf: (subject: string) => string;
  readonly nowUs: () => number;
}

/** Erases at once: nothing goes on in the background. */
export function createMemoryErasing({ erase, hashOf, nowUs }: MemoryErasingOptions): Erasing {
  const erasures = new Map<string, Erasure>();

  return {
    async eraseSubject(subject) {
      erase(subject);
      const atMs = Math.floor(nowUs() / US_PER_MS);
      const id = randomUUID();
      const times = { startTimeMs: atMs, endTimeMs: atMs };
      const erasure = { id, subjectHash: hashOf(subject), ...times, stepsDone: 1, stepsTotal: 1 };
      erasures.set(id, erasure);
      const [oldest] = erasures.keys();
      if (erasures.size > KEPT_ERASURES && oldest !== undefined) erasures.delete(oldest);
      return erasure;
    },

    async getErasure(id) {
      const erasure = erasures.get(id);
      if (erasure === undefined) throw new UnknownErasure();
      return erasure;
    },
  };
}
