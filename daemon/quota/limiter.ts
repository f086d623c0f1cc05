import { type Admission, type Decision, tightestFirst } from './admission';
import type { DecisionFeed } from './decision_feed';
import { UnknownPolicy, UnknownService } from './errors';
import type { Policies } from './policies';
import type { QuotaStore } from './store';
import type { ServiceCall, ServiceUsage, Usage, UsageQuery } from './usage';

/** The rules of the service: who may act, what is recorded, what is told of it. */
export interface Limiter {
  /** Decides on one admission. Throws `UnknownPolicy`, `InvalidRequest` or `StoreUnavailable`: then nothing was taken. */
  admit(admission: Admission): Promise<Decision>;
  /** Records one call: false where it had been recorded before. Throws `UnknownService`, or as `admit`. */
  recordCall(call: ServiceCall): Promise<boolean>;
  /** Reads the usage statistics. Throws `StoreUnavailable`. Given up if the signal says that the caller has left. */
  usage(query: UsageQuery, signal?: AbortSignal): Promise<Usage>;
  /** The windows that can be asked for, in milliseconds. */
  windowsMs(): readonly number[];
}

export interface LimiterParts {
  /** The policies that hold now: they may change between two calls, never within one. */
  readonly currentPolicies: () => Policies;
  readonly store: QuotaStore;
  /** Is told every decision. */
  readonly feed: DecisionFeed;
}

export function createLimiter({ currentPolicies, store, feed }: LimiterParts): Limiter {
  return {
    async admit(admission) {
      const policy = currentPolicies().byName.get(admission.policy);
      if (policy === undefined) throw new UnknownPolicy(admission.policy);
      const answer = await store.admit(admission, policy);
      const decision = { ...answer, limits: tightestFirst(answer.limits) };
      feed.publish({ admission, decision });
      return decision;
    },

    async recordCall(call) {
      if (!currentPolicies().services.includes(call.service)) throw new UnknownService(call.service);
      return store.recordCall(call);
    },

    async usage(query, signal) {
      const { byName, services } = currentPolicies();
      const usage = await store.readUsage(query, [...byName.keys()], signal);
      return { ...usage, services: mostUsedFirst(services, usage.services) };
    },

    windowsMs: () => currentPolicies().statistics.windowsMs,
  };
}

/** Every configured service, those never called included; a service that is no longer configured is left out. */
function mostUsedFirst(configured: readonly string[], called: readonly ServiceUsage[]): ServiceUsage[] {
  const callCounts = new Map(called.map(({ service, callCount }) => [service, callCount]));
  return configured
    .map((service) => ({ service, callCount: callCounts.get(service) ?? 0 }))
    .sort((a, b) => b.callCount - a.callCount);
}
