import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { createMemoryLimits } from '../memory/limits';
import { type Admission, type Answer, type Decision, orError } from '../quota/admission';
import { formatDuration } from '../quota/duration';
import type { ErasedSubjects } from '../quota/erasing';
import { DeadlinePassed, RefundedRequest, reusedRequestId, StoreUnavailable } from '../quota/errors';
import type { Policy } from '../quota/policies';
import { largestCost } from '../quota/policy_bounds';
import type { Refund } from '../quota/refund';
import type { AdmittedElsewhere, Asked, Patience, QuotaStore, RefundAsked } from '../quota/store';
import { createJournal } from './journal';
import { createLastKnown } from './last_known';
import { createOutageLog } from './outage_log';

/** Subjects that are decided on without the store, once for each policy. It never forgets one too early. */
const MOST_SUBJECTS = 100_000;

/** How often to try to write the journal. While the store is known to be dead, an attempt ends at once. */
const RECOVER_MS = 100;

const NONE: ReadonlySet<string> = new Set();

export interface FallbackOptions {
  readonly store: QuotaStore;
  /** Writes admissions to the store: what is wrong with each, or undefined. Throws `StoreUnavailable`. */
  readonly restore: (admitted: readonly AdmittedElsewhere[]) => Promise<(Error | undefined)[]>;
  /** The keyed hash of a subject, as those that were erased are known by. */
  readonly hashOf?: (subject: string) => string;
  readonly logger: Logger;
  readonly mostSubjects?: number;
  readonly journalCapacity?: number;
}

/** The state of deciding without the store. */
export interface FallbackState {
  readonly journalEntries: number;
  readonly droppedEntries: number;
  readonly localSubjects: number;
}

/** A store whose admissions follow their policies' rules if it fails; everything else fails with it. */
export interface Fallback {
  readonly store: QuotaStore;
  state(): FallbackState;
  /** Drops what this process holds of subjects from before their erasure. */
  dropErased(erased: ErasedSubjects): Promise<void>;
  /** Writes the rest of the journal, if the store takes it, and stops. */
  stop(): Promise<void>;
}

export function createFallback(options: FallbackOptions): Fallback {
  const { store, logger, hashOf, mostSubjects = MOST_SUBJECTS } = options;
  const lastKnown = createLastKnown();
  const local = createMemoryLimits({ nowUs: lastKnown.nowUs, capacity: mostSubjects });
  const { restore, journalCapacity: capacity } = options;
  const journal = createJournal({ restore, refund: store.refund, logger, capacity });
  const outage = createOutageLog(logger);

  function decideLocally(admission: Admission, policy: Policy, patience?: Patience): Decision {
    const known = lastKnown.find(admission);
    if (known !== undefined) local.learn(admission.subject, policy, known);
    return local.admit({ ...admission, requestId: idOf(admission) }, policy, patience);
  }

  /** Whether an admission that waits has this id. Throws if it was refunded, or has another cost. */
  function isRepeat(admission: Admission, { rememberMs }: Policy): boolean {
    const [key, id] = [keyOf(admission), idOf(admission)];
    if (id === undefined) return false;
    if (journal.isRefunded(key, id)) throw new RefundedRequest();
    const known = journal.find(key, id);
    if (known !== undefined && known.admission.cost !== admission.cost)
      throw reusedRequestId(formatDuration(rememberMs), 'cost');
    return known !== undefined;
  }

  function admitAnyway(admission: Admission, policy: Policy, patience: Patience = {}): Decision {
    if (patience.isGivenUp?.()) throw new DeadlinePassed();
    const isKnown = isRepeat(admission, policy);
    return {
      // More than that the store never admits, and cannot keep.
      admitted: isKnown || admission.cost <= largestCost(policy),
      isRepeat: isKnown,
      limits: [],
      retryDelayUs: undefined,
      decidedUs: lastKnown.nowUs(),
    };
  }

  function degrade({ admission, policy }: Asked, patience?: Patience): Decision {
    const isLocal = policy.onStoreFailure === 'local';
    const made = isLocal
      ? decideLocally(admission, policy, patience)
      : admitAnyway(admission, policy, patience);
    const decision = { ...made, degraded: true };
    outage.degraded(policy);
    if (decision.admitted && !decision.isRepeat)
      journal.add(keyOf(admission), { admission, policy, atUs: decision.decidedUs });
    return decision;
  }

  /** The subjects with admissions that the store does not know yet and cannot take now. */
  async function writeFirst(asked: readonly Asked[]): Promise<ReadonlySet<string>> {
    if (journal.size === 0) return NONE;
    const keys = new Set(asked.map(({ admission }) => keyOf(admission)));
    const behind = [...keys].filter((key) => journal.has(key));
    const written = await Promise.all(behind.map(journal.write));
    return new Set(behind.filter((_, at) => !written[at]));
  }

  /** The store's answer or, if it failed, the decision by the policy's rule. */
  function settle(asked: Asked, answer: Answer, patience?: Patience): Answer {
    const { admission, policy } = asked;
    if (policy.onStoreFailure === 'deny') return answer;
    if (answer instanceof StoreUnavailable) return orError(() => degrade(asked, patience));
    if (answer instanceof Error) return answer;
    if (policy.onStoreFailure === 'local') lastKnown.note(admission, answer);
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

  /** Gives back what this process has admitted without the store; the store gets the refund once it is back. */
  function refundLocally(asked: RefundAsked): Refund {
    const { request, policy } = asked;
    const key = keyOf(request);
    const isRefunded = !journal.isRefunded(key, request.requestId);
    const given =
      policy.onStoreFailure === 'local'
        ? local.refund(request, policy)
        : { limits: [], cost: 0, freesEmpty: false, refundedUs: lastKnown.nowUs() };
    if (isRefunded) journal.refund(key, asked);
    return { ...given, isRefunded, degraded: true };
  }

  async function refund(asked: RefundAsked): Promise<Refund> {
    const { request } = asked;
    const key = keyOf(request);
    if (journal.has(key)) await journal.write(key);
    const isWaiting = journal.find(key, request.requestId) !== undefined;
    return isWaiting ? refundLocally(asked) : store.refund(asked);
  }

  async function dropErased({ named, hashed }: ErasedSubjects): Promise<void> {
    const byHash = (subject: string) => (hashOf && hashed.size > 0 ? hashed.get(hashOf(subject)) : undefined);
    const erasedUs = (subject: string) => named.get(subject) ?? byHash(subject);
    // It knows no names, so those that were erased unseen cannot be found in it.
    if (hashed.size > 0) lastKnown.clear();
    for (const [subject, us] of named) lastKnown.forget(subject, us);
    journal.dropErased(erasedUs);
    await local.dropErased(erasedUs);
  }

  async function recover(): Promise<void> {
    if (journal.size > 0 && !(await journal.writeAll())) return;
    outage.written(journal.droppedCount);
  }

  const timer = setInterval(() => void recover(), RECOVER_MS).unref();
  return {
    store: { ...store, admitAll, refund },
    state: () => ({
      journalEntries: journal.size,
      droppedEntries: journal.droppedCount,
      localSubjects: local.size,
    }),
    dropErased,
    async stop() {
      clearInterval(timer);
      await journal.writeAll();
      if (journal.size > 0) logger.warn({ lost: journal.size }, 'admissions of the outage were not written');
    },
  };
}

/** Neither a policy's name nor a limit's holds a colon. */
function keyOf({ policy, subject }: Pick<Admission, 'policy' | 'subject'>): string {
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
