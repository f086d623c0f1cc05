import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { createMemoryLimits } from '../memory/limits';
import { type Admission, type Answer, type Decision, orError } from '../quota/admission';
import { DeadlinePassed, StoreUnavailable } from '../quota/errors';
import type { Policy } from '../quota/policies';
import type { AdmittedElsewhere, Asked, Patience, QuotaStore } from '../quota/store';
import { createJournal } from './journal';
import { createLastKnown } from './last_known';
import { createOutageLog } from './outage_log';

/** Subjects that are decided on without the store, once for each policy. It never forgets one too early. */
const MOST_SUBJECTS = 100_000;

/** How often it is tried to write the journal. While the store is known to be dead, a trial ends at once. */
const RECOVER_MS = 100;

const NONE: ReadonlySet<string> = new Set();

export interface FallbackOptions {
  readonly store: QuotaStore;
  /** Writes admissions to the store: what is wrong with each, or undefined. Throws `StoreUnavailable`. */
  readonly restore: (admitted: readonly AdmittedElsewhere[]) => Promise<(Error | undefined)[]>;
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
  const { store, logger, mostSubjects = MOST_SUBJECTS } = options;
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

  function degrade({ admission, policy }: Asked, patience?: Patience): Decision {
    const isLocal = policy.onStoreFailure === 'local';
    const made = isLocal ? decideLocally(admission, policy, patience) : admitAnyway(admission, patience);
    const decision = { ...made, degraded: true };
    outage.degraded(policy);
    if (decision.admitted && !decision.isRepeat)
      journal.add(keyOf(admission), { admission, policy, atUs: decision.decidedUs });
    return decision;
  }

  /** The subjects about which the store does not know yet what was admitted meanwhile, and cannot be told now. */
  async function writeFirst(asked: readonly Asked[]): Promise<ReadonlySet<string>> {
    if (journal.size === 0) return NONE;
    const keys = new Set(asked.map(({ admission }) => keyOf(admission)));
    const behind = [...keys].filter((key) => journal.has(key));
    const written = await Promise.all(behind.map(journal.write));
    return new Set(behind.filter((_, at) => !written[at]));
  }

  /** What the store answered, or in place of its failure what the policy's rule makes of it. */
  function settle(asked: Asked, answer: Answer, patience?: Patience): Answer {
    const { admission, policy } = asked;
    if (policy.onStoreFailure === 'deny') return answer;
    if (answer instanceof StoreUnavailable) return orError(() => degrade(asked, patience));
    if (answer instanceof Error) return answer;
    if (policy.onStoreFailure === 'local') lastKnown.note(keyOf(admission), answer);
    outage.answered();
    return answer;
  }

  async function admitAll(asked: readonly Asked[], patience?: Patience): Promise<readonly Answer[]> {
    const named = asked.map(withId);
    const behind = await writeFirst(named);
    const isBehind = ({ admission }: Asked) => behind.size > 0 && behind.has(keyOf(admission));
    const sent = behind.size === 0 ? named : named.filter((each) => !isBehind(each));
    const answers = await store.admitAll(sent, patience);
    let next = 0;
    return named.map((each) =>
      isBehind(each)
        ? orError(() => degrade(each, patience))
        : settle(each, answers[next++] as Answer, patience),
    );
  }

  async function recover(): Promise<void> {
    if (journal.size > 0 && !(await journal.writeAll())) return;
    outage.written(journal.droppedCount);
  }

  const timer = setInterval(() => void recover(), RECOVER_MS).unref();
  return {
    store: { ...store, admitAll },
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

/** An id before it is sent for the first time: if no answer comes, it may have been taken, and is written again. */
function withId(asked: Asked): Asked {
  const { admission, policy } = asked;
  if (policy.onStoreFailure === 'deny' || admission.requestId !== undefined) return asked;
  return { policy, admission: { ...admission, ownId: randomUUID() } };
}

function idOf({ requestId, ownId }: Admission): string | undefined {
  return requestId ?? ownId;
}
