import type { Erasing } from '../quota/erasing';
import type { Policy } from '../quota/policies';
import type { ReplacedMaster } from '../quota/replaced_master';
import type { AdmittedElsewhere, Patience, QuotaStore } from '../quota/store';
import {
  admissionFields,
  answerFields,
  callFields,
  errorFields,
  overrideFields,
  patienceFields,
  policyFields,
  raiseFields,
  refundFields,
  setFields,
} from './lines';
import { type Recorder, wallUs } from './recorder';

type Restore = (admitted: readonly AdmittedElsewhere[]) => Promise<(Error | undefined)[]>;

/** Records what is sent to a store, with each answer. */
export interface StoreRecord {
  /** Everything that changes something, and the statistics. Reading a subject's quota is left out. */
  store(store: QuotaStore): QuotaStore;
  /** The writing of what was admitted without the store. */
  restore(restore: Restore): Restore;
  erasing(erasing: Erasing): Erasing;
  /** A failover that this process has noticed. */
  masterReplaced(database: 'admissions' | 'calls', replaced: ReplacedMaster): void;
}

/** Records nothing. */
export const NO_RECORD: StoreRecord = {
  store: (store) => store,
  restore: (restore) => restore,
  erasing: (erasing) => erasing,
  masterReplaced: () => undefined,
};

/** Writes a `sent` line before each call, and an `answered` line that names it after. */
export function createStoreRecord(recorder: Recorder): StoreRecord {
  const known = new WeakMap<Policy, number>();

  /** The number of the line that describes a policy; it is written when the policy is first met. A reload makes new ones. */
  function lineOf(policy: Policy): number {
    const line = known.get(policy) ?? recorder.write('policy', policyFields(policy));
    known.set(policy, line);
    return line;
  }

  function recordedAdmitAll(store: QuotaStore): QuotaStore['admitAll'] {
    return async (asked, patience) => {
      const sent = asked.map(({ admission, policy }) => {
        const by = lineOf(policy);
        return recorder.write('sent', {
          op: 'admit',
          by,
          ...admissionFields(admission),
          ...patienceFields(patience),
        });
      });
      const answers = await store.admitAll(asked, patience);
      const givenUp = givenUpFields(patience);
      for (const [at, answer] of answers.entries())
        recorder.write('answered', { of: sent[at], ...answerFields(answer), ...givenUp });
      return answers;
    };
  }

  return {
    store: (store) => ({
      ...store,
      admitAll: recordedAdmitAll(store),
      refund: (asked) =>
        recorded(recorder, {
          sent: { op: 'refund', by: lineOf(asked.policy), ...refundFields(asked.request) },
          call: () => store.refund(asked),
          answered: ({ isRefunded, cost, refundedUs, degraded }) => ({
            isRefunded,
            cost,
            refundedUs,
            degraded,
          }),
        }),
      resetQuota: (subject, policies) =>
        recorded(recorder, {
          sent: { op: 'reset', subject, policies: policies.map(({ name }) => name) },
          call: () => store.resetQuota(subject, policies),
          answered: (resetCount) => ({ resetCount }),
        }),
      setOverride: (override) =>
        recorded(recorder, {
          sent: { op: 'set_override', ...overrideFields(override), limit: override.limit },
          call: () => store.setOverride(override),
          answered: setFields,
        }),
      raiseLimit: (raise) =>
        recorded(recorder, {
          sent: { op: 'raise', ...raiseFields(raise) },
          call: () => store.raiseLimit(raise),
          answered: setFields,
        }),
      clearOverride: (target) =>
        recorded(recorder, {
          sent: { op: 'clear_override', ...overrideFields(target) },
          call: () => store.clearOverride(target),
          answered: (isCleared) => ({ isCleared }),
        }),
      recordCall: (call, patience) =>
        recorded(recorder, {
          sent: { op: 'call', ...callFields(call), ...patienceFields(patience) },
          call: () => store.recordCall(call, patience),
          answered: (isRecorded) => ({ isRecorded, ...givenUpFields(patience) }),
        }),
      readUsage: (query, policies, signal) =>
        recorded(recorder, {
          sent: { op: 'statistics', ...query },
          call: () => store.readUsage(query, policies, signal),
          answered: ({ hours: _, ...usage }) => usage,
        }),
    }),

    restore: (restore) => async (admitted) => {
      const sent = admitted.map(({ admission, policy, atUs }) =>
        recorder.write('sent', {
          op: 'restore',
          by: lineOf(policy),
          admittedUs: atUs,
          ...admissionFields(admission),
        }),
      );
      try {
        const faults = await restore(admitted);
        for (const [at, of] of sent.entries())
          recorder.write('answered', {
            of,
            ...(faults[at] === undefined ? { isRestored: true } : errorFields(faults[at])),
          });
        return faults;
      } catch (error) {
        for (const of of sent) recorder.write('answered', { of, ...errorFields(error) });
        throw error;
      }
    },

    erasing: (erasing) => ({
      ...erasing,
      eraseSubject: (subject) =>
        recorded(recorder, {
          sent: { op: 'erase', subject },
          call: () => erasing.eraseSubject(subject),
          answered: () => ({}),
        }),
    }),

    masterReplaced: (database, { sinceMs, ...replaced }) =>
      void recorder.write('fact', {
        fact: 'master_replaced',
        database,
        ...replaced,
        // A failover is noticed some time before it is certain.
        atUs: wallUs(sinceMs),
      }),
  };
}

/** The caller has left, so no answer of ours reached it. */
function givenUpFields(patience?: Patience): object {
  return patience?.isGivenUp?.() ? { isGivenUp: true } : {};
}

interface Recorded<Result> {
  readonly sent: object;
  readonly call: () => Promise<Result>;
  readonly answered: (result: Result) => object;
}

async function recorded<Result>(
  recorder: Recorder,
  { sent, call, answered }: Recorded<Result>,
): Promise<Result> {
  const of = recorder.write('sent', sent);
  try {
    const result = await call();
    recorder.write('answered', { of, ...answered(result) });
    return result;
  } catch (error) {
    recorder.write('answered', { of, ...errorFields(error) });
    throw error;
  }
}
