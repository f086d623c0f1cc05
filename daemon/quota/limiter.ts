import { type Admission, type Decision, tightestFirst } from './admission';
import type { DecisionListener } from './decision_feed';
import { InvalidRequest, UnknownPolicy, UnknownService } from './errors';
import type { Policies, Policy } from './policies';
import type { Patience, QuotaStore } from './store';
import type { ServiceCall, ServiceUsage, Usage, UsageQuery } from './usage';

/** The rules of the service: who may act, what is recorded, what is told of it. */
export interface Limiter {
  /**
   * Decides on one admission. Throws `UnknownPolicy`, `InvalidRequest`, `DeadlinePassed` or `StoreUnavailable`: then
   * nothing was taken.
   */
  admit(admission: Admission, patience?: Patience): Promise<Decision>;
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
  /** Each decision is published once, to all of these. */
  readonly onDecision: readonly DecisionListener[];
}

export function createLimiter({ currentPolicies, store, onDecision }: LimiterParts): Limiter {
  function policyOf({ policy: name, requestId }: Admission): Policy {
    const policy = currentPolicies().byName.get(name);
    if (policy === undefined) throw new UnknownPolicy(name);
    if (policy.rememberMs === 0 && requestId !== undefined) throw unremembered(policy);
    return policy;
  }

  function publish(admission: Admission, answer: Decision): Decision {
    const decision = answer.limits.length < 2 ? answer : { ...answer, limits: tightestFirst(answer.limits) };
    for (const listen of onDecision) listen(admission, decision);
    return decision;
  }

  return {
    async admit(admission, patience) {
      const policy = policyOf(admission);
      return publish(admission, await store.admit(admission, policy, patience));
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

/** A promise that the policy does not keep is not made: the caller would rely on it. */
function unremembered({ name }: Policy): InvalidRequest {
  const description = `must be unset: policy ${JSON.stringify(name)} remembers none`;
  return new InvalidRequest([{ field: 'request_id', description }]);
}

/** Every configured service, those never called included; a service that is no longer configured is left out. */
function mostUsedFirst(configured: readonly string[], called: readonly ServiceUsage[]): ServiceUsage[] {
  const callCounts = new Map(called.map(({ service, callCount }) => [service, callCount]));
  return configured
    .map((service) => ({ service, callCount: callCounts.get(service) ?? 0 }))
    .sort((a, b) => b.callCount - a.callCount);
}
