import { LRUCache } from 'lru-cache';
import type { LimitSize } from '../algorithms/algorithm';
import { algorithmOf } from '../algorithms/registry';
import type { Part } from '../joint_admission';
import type { Policies, Policy } from '../policies';
import { derivedId } from './derived_id';
import type { Descriptor, DescriptorRequest } from './descriptor';
import { type DescriptorRule, type Domain, ruleFor } from './domain';
import { subjectOf } from './subject_template';

/** Turns what a gateway asks about into what policies decide on. */
export interface DescriptorMapping {
  /** For each descriptor, in order, the part that it stands for; undefined if no policy is mapped to it. */
  partsOf(request: DescriptorRequest): (Part | undefined)[];
}

/** Different sizes that are asked for at the same time are few, as a route names each. */
const MOST_SIZED = 1000;

export function createDescriptorMapping(currentPolicies: () => Policies): DescriptorMapping {
  // A policy must stay the same object: stores prepare each one once.
  const sized = new WeakMap<Policy, LRUCache<number, Policy>>();

  function partOf(descriptor: Descriptor, { domain, name, requestId, byName }: Mapped): Part | undefined {
    const rule = ruleFor(domain, descriptor.entries);
    const policy = rule && byName.get(rule.policy);
    if (rule === undefined || policy === undefined) return undefined;
    const isNamed = domain.isExactlyOnce && requestId !== undefined;
    return {
      subject: subjectOf(rule.subject, descriptor.entries),
      policy: withOverride(policy, rule, descriptor.override),
      cost: descriptor.cost,
      requestId: isNamed ? derivedId(name, { descriptor, requestId }) : undefined,
    };
  }

  /** The policy with the size that the gateway asks for, as far as the rule allows it. */
  function withOverride(
    policy: Policy,
    { maxOverride }: DescriptorRule,
    wanted: LimitSize | undefined,
  ): Policy {
    const [limit] = policy.limits;
    if (wanted === undefined || maxOverride === undefined || limit === undefined) return policy;
    const size = Math.min(wanted.limit, maxOverride);
    const changed = { ...limit, limit: size };
    if (wanted.windowMs !== limit.windowMs || size < 1) return policy;
    if (size === limit.limit || algorithmOf(changed).countingFault(changed) !== undefined) return policy;
    const known = sized.get(policy) ?? new LRUCache<number, Policy>({ max: MOST_SIZED });
    sized.set(policy, known);
    const made = known.get(size) ?? { ...policy, limits: [changed] };
    known.set(size, made);
    return made;
  }

  return {
    partsOf({ domain: name, descriptors, requestId }) {
      const { domains, byName } = currentPolicies();
      const domain = domains?.get(name);
      if (domain === undefined) return descriptors.map(() => undefined);
      return descriptors.map((each) => partOf(each, { domain, name, requestId, byName }));
    },
  };
}

interface Mapped {
  readonly domain: Domain;
  readonly name: string;
  readonly requestId: string | undefined;
  readonly byName: Policies['byName'];
}
