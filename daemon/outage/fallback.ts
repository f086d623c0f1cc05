import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { createMemoryLimits } from '../memory/limits';
import type { Admission, Decision } from '../quota/admission';
import { DeadlinePassed, StoreUnavailable } from '../quota/errors';
import type { Policy } from '../quota/policies';
import type { AdmittedElsewhere, Patience, QuotaStore } from '../quota/store';
import { createJournal } from './journal';
import { createLastKnown } from './last_known';
import { createOutageLog } from './outage_log';

/** Subjects that are decided on without the store, once for each policy. It never forgets one too early. */
const MOST_SUBJECTS = 100_000;

/** How often it is tried to write the journal. While the store is known to be dead, a trial ends at once. */
const RECOVER_MS = 100;

export interface FallbackOptions {
  readonly store: QuotaStore;
  /** Writes admissions to the store: what is wrong with each, or undefined. Throws `StoreUnavailable`. */
  readonly restore: (admitted: readonly AdmittedElsewhere[]) => Promise<(Error | undefined)[]>;
  /** A denial was decided without the store. */
  readonly onDenied: (admission: Admission, decision: Decision) => void;
  readonly logger: Logger;
  readonly mostSubjects?: number;
  readonly journalCapacity?: number;
}

/** How far a daemon goes on without its store. */
export interface FallbackState {
  readonly journalEntries: number;
  readonly droppedEntries: number;
  readonly localSubjects: number;
}

/** A store whose admissions obey their policies' rules if it fails; everything else fails with it. */
export interface Fallback {
  readonly store: QuotaStore;
  state(): FallbackState;
  /** Writes what is left of the journal, if the store takes it, and ends. */
  stop(): Promise<void>;
}

export function createFallback(options: FallbackOptions): Fallback {
  const { store, onDenied, logger, mostSubjects = MOST_SUBJECTS } = options;
  const lastKnown = createLastKnown();
  const local = createMemoryLimits({ nowUs: lastKnown.nowUs, capacity: mostSubjects });
  const { restore, journalCapacity: capacity } = options;
  const journal = createJournal({ restore, logger, capacity });
  const outage = createOutageLog(logger);

  function decideLocally(admission: Admission, policy: Policy, patience?: Patience): Decision {
    const key = keyOf(admission);
    const known = lastKnown.find(key);
    if (known !== undefined) local.learn(admission.subject, policy, known);
    return local.admit({ ...admission, requestId: idOf(admission) }, policy, patience);
  }

  function admitAnyway(admission: Admission, patience: Patience = {}): Decision {
    if (patience.isGivenUp?.()) throw new DeadlinePassed();
    const id = idOf(admission);
    const isRepeat = id !== undefined && journal.holds(keyOf(admission), id);
    return {
      admitted: true,
      isRepeat,
      limits: [],
      retryDelayUs: undefined,
      decidedUs: lastKnown.nowUs(),
    };
  }

  function degrade(admission: Admission, policy: Policy, patience?: Patience): Decision {
    const isLocal = policy.onStoreFailure === 'local';
    const made = isLocal ? decideLocally(admission, policy, patience) : admitAnyway(admission, patience);
    const decision = { ...made, degraded: true };
    outage.degraded(policy);
    if (!decision.admitted) onDenied(admission, decision);
    else if (!decision.isRepeat)
      journal.add(keyOf(admission), { admission, policy, atUs: decision.decidedUs });
    return decision;
  }

  async function admit(asked: Admission, policy: Policy, patience?: Patience): Promise<Decision> {
    if (policy.onStoreFailure === 'deny') return store.admit(asked, policy, patience);
    // Before it is sent for the first time: if no answer comes, it may have been taken, and is written again.
    const admission = asked.requestId === undefined ? { ...asked, ownId: randomUUID() } : asked;
    const key = keyOf(admission);
    // The store must not decide on a subject before it knows what was admitted meanwhile.
    if (journal.has(key) && !(await journal.write(key))) return degrade(admission, policy, patience);
    try {
      const decision = await store.admit(admission, policy, patience);
      if (policy.onStoreFailure === 'local') lastKnown.note(key, decision);
      outage.answered();
      return decision;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      return degrade(admission, policy, patience);
    }
  }

  async function recover(): Promise<void> {
    if (journal.size > 0 && !(await journal.writeAll())) return;
    outage.written(journal.droppedCount);
  }

  const timer = setInterval(() => void recover(), RECOVER_MS).unref();
  return {
    store: { ...store, admit },
    state: () => ({
      journalEntries: journal.size,
      droppedEntries: journal.droppedCount,
      localSubjects: local.size,
    }),
    async stop() {
      clearInterval(timer);
      await journal.writeAll();
      if (journal.size > 0) logger.warn({ lost: journal.size }, 'admissions of the outage were not written');
    },
  };
}

/** Neither a policy's name nor a limit's holds a colon. */
function keyOf({ policy, subject }: Admission): string {
  return `${policy}:${subject}`;
}

function idOf({ requestId, ownId }: Admission): string | undefined {
  return requestId ?? ownId;
}
