import { type Admission, type Decision, tightestFirst } from './admission';
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
  /** Reads the usage statistics. Throws `StoreUnavailable`. */
  usage(query: UsageQuery): Promise<Usage>;
}

export function createLimiter({ policies, store }: { policies: Policies; store: QuotaStore }): Limiter {
  return {
    async admit(admission) {
      const policy = policies.byName.get(admission.policy);
      if (policy === undefined) throw new UnknownPolicy(admission.policy);
      const decision = await store.admit(admission, policy);
      return { ...decision, limits: tightestFirst(decision.limits) };
    },

    async recordCall(call) {
      if (!policies.services.includes(call.service)) throw new UnknownService(call.service);
      return store.recordCall(call);
    },

    async usage(query) {
      const usage = await store.readUsage(query);
      return { ...usage, services: mostUsedFirst(policies.services, usage.services) };
    },
  };
}

/** Every configured service, those never called included; a service that is no longer configured is left out. */
function mostUsedFirst(configured: readonly string[], called: readonly ServiceUsage[]): ServiceUsage[] {
  const callCounts = new Map(called.map(({ service, callCount }) => [service, callCount]));
  return configured
    .map((service) => ({ service, callCount: callCounts.get(service) ?? 0 }))
    .sort((a, b) => b.callCount - a.callCount);
}
