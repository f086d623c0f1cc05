import { type Admission, type Answer, type Decision, tightestFirst } from './admission';
import type { DecisionListener } from './decision_feed';
import type { DescriptorRequest } from './descriptors/descriptor';
import { createDescriptorMapping } from './descriptors/mapping';
import { InvalidRequest, UnknownPolicy, UnknownService } from './errors';
import { createJointAdmission, type JointDecision, type Part, type RaceResult } from './joint_admission';
import type { Policies, Policy } from './policies';
import type { Refund, RefundListener, RefundRequest } from './refund';
import type { Asked, Patience, QuotaStore, RefundAsked } from './store';
import type { ServiceCall, ServiceUsage, Usage, UsageQuery } from './usage';

/** The rules of the service: who may act, what is recorded, what is reported. */
export interface Limiter {
  /**
   * Decides on one admission. Throws `UnknownPolicy`, `InvalidRequest`, `DeadlinePassed` or `StoreUnavailable`: then
   * nothing was taken.
   */
  admit(admission: Admission, patience?: Patience): Promise<Decision>;
  /**
   * Decides on each of them, in order. An error among the admissions is kept; any other error takes the place of the
   * decision that it concerns.
   */
  admitAll(admissions: readonly (Admission | Error)[], patience?: Patience): Promise<readonly Answer[]>;
  /** What the descriptors of a gateway stand for, in order; undefined for one that no policy is mapped to. */
  partsOf(request: DescriptorRequest): (Part | undefined)[];
  /** Takes for all parts, or for none. Throws as `admit`: then what was taken is being given back. */
  admitTogether(parts: readonly Part[], patience?: Patience): Promise<JointDecision>;
  /**
   * Gives back what an admitted request took; resolves once no daemon denies by remembered denials from before. Throws
   * `UnknownPolicy`, `InvalidRequest` if the policy remembers no ids, `UnknownRequest` or `StoreUnavailable`.
   */
  refund(request: RefundRequest): Promise<Refund>;
  /** Records one call: false if it had been recorded before. Throws `UnknownService`, or as `admit`. */
  recordCall(call: ServiceCall, patience?: Patience): Promise<boolean>;
  /**
   * Reads the usage statistics. Throws `StoreUnavailable`. Abandoned if the signal is aborted because the caller has
   * left.
   */
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
  /** Each refund is published once, to all of these. */
  readonly onRefund: readonly RefundListener[];
  /** Called for each joint admission that had taken for some parts when another one was denied or failed. */
  readonly onRace: (result: RaceResult) => void;
  /** Resolves once no daemon decides by remembered denials from before. */
  readonly afterCaches: () => Promise<void>;
}

export function createLimiter(parts: LimiterParts): Limiter {
  const { currentPolicies, store, onDecision, onRefund, onRace, afterCaches } = parts;

  function policyOf({ policy: name, requestId }: Pick<Admission, 'policy' | 'requestId'>): Policy | Error {
    const policy = currentPolicies().byName.get(name);
    if (policy === undefined) return new UnknownPolicy(name);
    if (policy.rememberMs === 0 && requestId !== undefined) return unremembered(policy);
    return policy;
  }

  function publish(admission: Admission, answer: Decision): Decision {
    const decision = answer.limits.length < 2 ? answer : { ...answer, limits: tightestFirst(answer.limits) };
    for (const listen of onDecision) listen(admission, decision);
    return decision;
  }

  function askedBy(admission: Admission | Error): Asked | Error {
    if (admission instanceof Error) return admission;
    const policy = policyOf(admission);
    return policy instanceof Error ? policy : { admission, policy };
  }

  async function admitAll(
    admissions: readonly (Admission | Error)[],
    patience?: Patience,
  ): Promise<readonly Answer[]> {
    const all = admissions.map(askedBy);
    const asked = all.filter((each): each is Asked => !(each instanceof Error));
    const answers = asked.length === 0 ? [] : await ask(asked, patience);
    let next = 0;
    return all.map((each) => (each instanceof Error ? each : (answers[next++] as Answer)));
  }

  /** Asks the store, and publishes its decisions. */
  async function ask(asked: readonly Asked[], patience?: Patience): Promise<readonly Answer[]> {
    const answers = await store.admitAll(asked, patience);
    return answers.map((answer, at) => {
      return answer instanceof Error ? answer : publish((asked[at] as Asked).admission, answer);
    });
  }

  async function giveBack(asked: RefundAsked): Promise<Refund> {
    const refund = await store.refund(asked);
    const ordered = { ...refund, limits: tightestFirst(refund.limits) };
    if (refund.isRefunded) for (const listen of onRefund) listen(asked.request, ordered);
    return ordered;
  }

  return {
    partsOf: createDescriptorMapping(currentPolicies).partsOf,
    admitTogether: createJointAdmission({ store, admitAll: ask, refund: giveBack, onRace }),

    async admit(admission, patience) {
      const [answer] = await admitAll([admission], patience);
      if (answer === undefined || answer instanceof Error) throw answer;
      return answer;
    },

    admitAll,

    async refund(request) {
      const policy = policyOf(request);
      if (policy instanceof Error) throw policy;
      const refund = await giveBack({ request, policy });
      if (refund.freesEmpty) await afterCaches();
      return refund;
    },

    async recordCall(call, patience) {
      if (!currentPolicies().services.includes(call.service)) throw new UnknownService(call.service);
      return store.recordCall(call, patience);
    },

    async usage(query, signal) {
      const { byName, services } = currentPolicies();
      const usage = await store.readUsage(query, [...byName.keys()], signal);
      return { ...usage, services: mostUsedFirst(services, usage.services) };
    },

    windowsMs: () => currentPolicies().statistics.windowsMs,
  };
}

/** A policy that remembers no ids rejects a request that depends on them. */
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
