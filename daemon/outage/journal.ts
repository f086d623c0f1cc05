import type { Logger } from 'pino';
import { StoreUnavailable } from '../quota/errors';
import type { AdmittedElsewhere } from '../quota/store';

/** Admissions that are kept until the store takes them. */
const CAPACITY = 100_000;

/** Admissions that are written together. */
const BATCH = 100;

/** What was admitted without the store, until the store holds it. It is lost if the process dies. */
export interface Journal {
  /** False if there is no room: then the store never hears of it. */
  add(key: string, admitted: AdmittedElsewhere): boolean;
  /** Whether something of a subject waits. */
  has(key: string): boolean;
  /** Whether this admission waits. */
  holds(key: string, id: string): boolean;
  /** Writes all that waits for a subject; false if the store did not take it. */
  write(key: string): Promise<boolean>;
  /** Writes all that waits; false if the store did not take it. */
  writeAll(): Promise<boolean>;
  readonly size: number;
  /** How many were dropped because there was no room, or because the store could not take them. */
  readonly droppedCount: number;
}

export interface JournalOptions {
  /** Writes admissions: what is wrong with each, or undefined. Throws `StoreUnavailable`. */
  readonly restore: (admitted: readonly AdmittedElsewhere[]) => Promise<(Error | undefined)[]>;
  readonly logger: Logger;
  readonly capacity?: number;
}

export function createJournal({ restore, logger, capacity = CAPACITY }: JournalOptions): Journal {
  const waiting = new Map<string, AdmittedElsewhere[]>();
  let size = 0;
  let droppedCount = 0;
  /** Subjects of which somebody asks now: they come first. */
  const urgent = new Set<string>();
  /** One batch at a time, so that no admission is written twice at once. */
  let writing: Promise<boolean> | undefined;

  function remove(key: string, written: ReadonlySet<AdmittedElsewhere>): void {
    const left = (waiting.get(key) ?? []).filter((each) => !written.has(each));
    if (left.length === 0) waiting.delete(key);
    else waiting.set(key, left);
  }

  function* inOrder(): Generator<string> {
    yield* urgent;
    yield* waiting.keys();
  }

  function nextBatch(): Map<string, AdmittedElsewhere[]> {
    const batch = new Map<string, AdmittedElsewhere[]>();
    let left = BATCH;
    for (const key of inOrder()) {
      if (left <= 0) break;
      if (batch.has(key)) continue;
      const some = (waiting.get(key) ?? []).slice(0, left);
      batch.set(key, some);
      left -= some.length;
    }
    return batch;
  }

  async function writeBatch(): Promise<boolean> {
    const batch = nextBatch();
    const admitted = [...batch.values()].flat();
    try {
      const faults = (await restore(admitted)).filter((fault) => fault !== undefined);
      droppedCount += faults.length;
      for (const err of faults) logger.error({ err }, 'an admission of the outage could not be written');
      const written = new Set(admitted);
      for (const key of batch.keys()) remove(key, written);
      size -= admitted.length;
      return true;
    } catch (error) {
      if (!(error instanceof StoreUnavailable))
        logger.error({ err: error }, 'the journal could not be written');
      return false;
    }
  }

  async function writeUntil(isDone: () => boolean): Promise<boolean> {
    while (!isDone()) {
      writing ??= writeBatch().finally(() => {
        writing = undefined;
      });
      if (!(await writing)) return false;
    }
    return true;
  }

  return {
    add(key, admitted) {
      if (size >= capacity) {
        droppedCount += 1;
        return false;
      }
      const known = waiting.get(key);
      if (known === undefined) waiting.set(key, [admitted]);
      else known.push(admitted);
      size += 1;
      return true;
    },
    has: (key) => waiting.has(key),
    holds: (key, id) =>
      waiting.get(key)?.some(({ admission }) => (admission.requestId ?? admission.ownId) === id) ?? false,
    write(key) {
      urgent.add(key);
      return writeUntil(() => !waiting.has(key)).finally(() => urgent.delete(key));
    },
    writeAll: () => writeUntil(() => size === 0),
    get size() {
      return size;
    },
    get droppedCount() {
      return droppedCount;
    },
  };
}
