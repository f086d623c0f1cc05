import { type Decision, orError } from '../quota/admission';
import type { Auditing } from '../quota/auditing';
import type { Erasing } from '../quota/erasing';
import { mergeUsage } from '../quota/merge';
import type { Refund } from '../quota/refund';
import type { Asked, Patience, QuotaStore, RefundAsked } from '../quota/store';
import { createMemoryAuditing } from './auditing';
import { createCalls } from './calls';
import { createConnections } from './connections';
import { createDenied } from './denied';
import { createMemoryErasing } from './erasing';
import { createHours } from './hours';
import { createMemoryLimits } from './limits';
import { requirePatience } from './patience';

const US_PER_MS = 1000;

export interface MemoryStoreOptions {
  /** Microseconds since 1970, whole. Must not go back for one subject. */
  readonly nowUs?: () => number;
  /** The keyed hash under which an erased subject is reported. */
  readonly hashOf?: (subject: string) => string;
}

export interface MemoryStore extends QuotaStore {
  readonly erasing: Erasing;
  readonly auditing: Auditing;
  /** Forgets what no longer has an effect. */
  sweep(): void;
}

/**
 * The store in this process alone: the same answers as the store on Redis, to the microsecond. Nothing survives the
 * process, and no other one sees it.
 */
export function createMemoryStore({
  nowUs = monotonicUs,
  hashOf = () => '',
}: MemoryStoreOptions = {}): MemoryStore {
  const limits = createMemoryLimits({ nowUs });
  const calls = createCalls();
  const connections = createConnections();
  const hours = createHours();
  const denied = createDenied();

  function admit({ admission, policy }: Asked, patience?: Patience): Decision {
    const decision = limits.admit(admission, policy, patience);
    const { admitted, isRepeat, decidedUs } = decision;
    if (isRepeat) return decision;
    hours.count(policy.name, admitted ? 'admittedCount' : 'deniedCount', Math.floor(decidedUs / US_PER_MS));
    if (!admitted) denied.note(policy.name, admission.subject, decidedUs);
    if (admitted && policy.recordsConnections) {
      connections.add({ subject: admission.subject, atUs: decidedUs });
      calls.meet(admission.subject);
    }
    return decision;
  }

  function refund({ request, policy }: RefundAsked): Refund {
    const { takenUs, ...refunded } = limits.refund(request, policy);
    if (!refunded.isRefunded) return refunded;
    hours.count(policy.name, 'refundedCount', Math.floor(refunded.refundedUs / US_PER_MS));
    if (policy.recordsConnections) connections.remove({ subject: request.subject, atUs: takenUs });
    return refunded;
  }

  return {
    refund: async (asked) => refund(asked),
    admitAll: async (asked, patience) => asked.map((each) => orError(() => admit(each, patience))),

    readQuota: async (subject, policy) => limits.readQuota(subject, policy),
    resetQuota: async (subject, policies) => limits.resetQuota(subject, policies),
    setOverride: async (override) => limits.setOverride(override),
    raiseLimit: async (raise) => limits.raiseLimit(raise),
    clearOverride: async (target) => limits.clearOverride(target),
    listOverrides: async (query) => limits.listOverrides(query),
    listDenied: async (policy, count) => denied.list(policy, count),
    async recordCall(call, patience = {}) {
      requirePatience(patience);
      return calls.record(call, Math.floor(nowUs() / US_PER_MS));
    },

    async readUsage(query, policies) {
      const logins = connections.read(query, nowUs());
      const { subject, hourCount } = query;
      const own = { least: calls.bySubject(), services: calls.byService() };
      const subjectCount = subject === undefined ? 0 : calls.countOf(subject);
      const usage = mergeUsage([{ logins, ...own, subjectCount }], query);
      return { ...usage, hours: hours.read(hourCount, policies, logins.nowMs) };
    },

    erasing: createMemoryErasing({
      erase(subject) {
        for (const part of [limits, calls, connections, denied]) part.erase(subject);
      },
      hashOf,
      nowUs,
    }),
    auditing: createMemoryAuditing(nowUs),

    sweep: limits.sweep,
  };
}

/** The wall clock as it was at the start, which goes on evenly from there and is never set. */
function monotonicUs(): number {
  return Math.floor((performance.timeOrigin + performance.now()) * US_PER_MS);
}
