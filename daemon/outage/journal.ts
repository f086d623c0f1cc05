import type { Logger } from 'pino';
import { SubjectErased } from '../quota/erasing';
import { StoreUnavailable, UnknownRequest } from '../quota/errors';
import type { AdmittedElsewhere, RefundAsked } from '../quota/store';

/** Admissions that are kept until the store takes them. */
const CAPACITY = 100_000;

/** Admissions that are written together. */
const BATCH = 100;

/**
 * What was admitted without the store, and what of it was refunded, until the store holds it. It is lost if the process
 * dies.
 */
export interface Journal {
  /** False if there is no room: then the store never gets it. */
  add(key: string, admitted: AdmittedElsewhere): boolean;
  /** Notes that an admission that waits was refunded: that is written after it. */
  refund(key: string, refunded: RefundAsked): void;
  /** Whether this admission was refunded, and that waits. */
  isRefunded(key: string, id: string): boolean;
  /** Whether something of a subject waits. */
  has(key: string): boolean;
  /** The admission with this id, if it waits. */
  find(key: string, id: string): AdmittedElsewhere | undefined;
  /** Drops what was admitted until a subject's erasure began; undefined if it was not erased. */
  dropErased(erasedUs: (subject: string) => number | undefined): void;
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
  /** Refunds an admission that was written. Throws `StoreUnavailable`. */
  readonly refund: (asked: RefundAsked) => Promise<unknown>;
  readonly logger: Logger;
  readonly capacity?: number;
}

export function createJournal({ restore, refund, logger, capacity = CAPACITY }: JournalOptions): Journal {
  /** By subject, and by id: one subject may have all that there is room for. */
  const waiting = new Map<string, Map<string, AdmittedElsewhere>>();
  /** Those whose admissions wait, or did, by subject and id. */
  const refunds = new Map<string, Map<string, RefundAsked>>();
  let size = 0;
  let droppedCount = 0;
  /** Subjects in current requests: they come first. */
  const urgent = new Set<string>();
  /** One batch at a time, so that no admission is written twice at once. */
  let writing: Promise<boolean> | undefined;

  function remove(key: string, written: readonly AdmittedElsewhere[]): void {
    const known = waiting.get(key);
    // An erasure may have dropped some meanwhile.
    for (const each of written) if (known?.delete(idOf(each))) size -= 1;
    if (known?.size === 0) waiting.delete(key);
  }

  function dropRefunds(key: string, dropped: readonly AdmittedElsewhere[]): void {
    const known = refunds.get(key);
    for (const each of dropped) if (known?.delete(idOf(each))) size -= 1;
    if (known?.size === 0) refunds.delete(key);
  }

  function* inOrder(): Generator<string> {
    yield* urgent;
    yield* waiting.keys();
    yield* refunds.keys();
  }

  function nextBatch(): Map<string, AdmittedElsewhere[]> {
    const batch = new Map<string, AdmittedElsewhere[]>();
    let left = BATCH;
    for (const key of inOrder()) {
      if (left <= 0) break;
      if (batch.has(key)) continue;
      const some = first(waiting.get(key)?.values() ?? [], left);
      batch.set(key, some);
      left -= some.length;
    }
    return batch;
  }

  async function writeAdmissions(batch: ReadonlyMap<string, AdmittedElsewhere[]>): Promise<void> {
    const admitted = [...batch.values()].flat();
    if (admitted.length === 0) return;
    const results = await restore(admitted);
    const faults = results.filter((fault) => fault !== undefined && !(fault instanceof SubjectErased));
    droppedCount += faults.length;
    for (const err of faults) logger.error({ err }, 'an admission of the outage could not be written');
    for (const [key, written] of batch) remove(key, written);
  }

  /** Those of a subject all of whose admissions are written. */
  async function writeRefunds(key: string): Promise<void> {
    while (!waiting.has(key)) {
      const known = refunds.get(key);
      const [next] = known?.values() ?? [];
      if (next === undefined) return;
      await refund(next).catch((err: unknown) => {
        if (err instanceof StoreUnavailable) throw err;
        // If it is unknown, its admission could not be written either, or is no longer remembered.
        if (!(err instanceof UnknownRequest))
          logger.error({ err }, 'a refund of the outage could not be written');
      });
      if (known?.delete(next.request.requestId)) size -= 1;
      if (known?.size === 0) refunds.delete(key);
    }
  }

  async function writeBatch(): Promise<boolean> {
    const batch = nextBatch();
    try {
      await writeAdmissions(batch);
      for (const key of batch.keys()) await writeRefunds(key);
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
      const known = waiting.get(key) ?? new Map<string, AdmittedElsewhere>();
      // The store would take it for a repeat of the one that waits.
      if (known.has(idOf(admitted))) return true;
      waiting.set(key, known.set(idOf(admitted), admitted));
      size += 1;
      return true;
    },
    refund(key, refunded) {
      const known = refunds.get(key) ?? new Map<string, RefundAsked>();
      refunds.set(key, known.set(refunded.request.requestId, refunded));
      size += 1;
    },
    isRefunded: (key, id) => refunds.get(key)?.has(id) ?? false,
    dropErased(erasedUs) {
      for (const [key, known] of waiting) {
        const [first] = known.values();
        const us = first && erasedUs(first.admission.subject);
        if (us === undefined) continue;
        const erased = [...known.values()].filter(({ atUs }) => atUs <= us);
        remove(key, erased);
        dropRefunds(key, erased);
      }
    },
    has: (key) => waiting.has(key) || refunds.has(key),
    find: (key, id) => waiting.get(key)?.get(id),
    write(key) {
      urgent.add(key);
      return writeUntil(() => !waiting.has(key) && !refunds.has(key)).finally(() => urgent.delete(key));
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

function idOf({ admission: { requestId, ownId } }: AdmittedElsewhere): string {
  return requestId ?? ownId ?? '';
}

function first<T>(values: Iterable<T>, count: number): T[] {
  const taken: T[] = [];
  for (const value of values) {
    if (taken.length >= count) break;
    taken.push(value);
  }
  return taken;
}
