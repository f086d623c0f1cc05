import { type LimitStatus, tightestFirst } from './admission';
import { algorithmOf } from './algorithms/registry';
import { InvalidRequest, UnknownLimit, UnknownPolicy } from './errors';
import type { Limit } from './limits';
import type { NewOverride, Override, OverridePage, OverrideQuery, OverrideTarget } from './overrides';
import type { Policies, Policy } from './policies';
import { boundFaults } from './policy_bounds';
import type { QuotaStore } from './store';

/** Where a subject stands with one policy. */
export interface PolicyQuota {
  readonly policy: string;
  /** The tightest first. */
  readonly limits: readonly LimitStatus[];
}

/** Whose quota, and of which policy; undefined means all of them. */
export interface QuotaTarget {
  readonly subject: string;
  readonly policy: string | undefined;
}

/** What operators may see and change. Every method throws `StoreUnavailable` as the store does. */
export interface Administration {
  /** Throws `UnknownPolicy`. */
  getQuota(target: QuotaTarget): Promise<PolicyQuota[]>;
  /** Gives back all that was taken; how many limits that was. Throws `UnknownPolicy`. */
  resetQuota(target: QuotaTarget): Promise<number>;
  /** Throws `UnknownPolicy`, `UnknownLimit`, or `InvalidRequest` where the limit cannot have that size or end. */
  setOverride(override: NewOverride): Promise<Override>;
  /** False where there was none: also for a policy or limit that the file no longer has. */
  clearOverride(target: OverrideTarget): Promise<boolean>;
  listOverrides(query: OverrideQuery): Promise<OverridePage>;
  listPolicies(): Policies;
}

export interface AdministrationParts {
  readonly currentPolicies: () => Policies;
  readonly store: QuotaStore;
  /** Resolves once no daemon decides any more by what it remembers of the time before. */
  readonly afterCaches: () => Promise<void>;
}

export function createAdministration({
  currentPolicies,
  store,
  afterCaches,
}: AdministrationParts): Administration {
  return {
    async getQuota({ subject, policy }) {
      const policies = selectPolicies(currentPolicies(), policy);
      return Promise.all(
        policies.map(async (selected) => ({
          policy: selected.name,
          limits: tightestFirst(await store.readQuota(subject, selected)),
        })),
      );
    },

    async resetQuota({ subject, policy }) {
      const resetCount = await store.resetQuota(subject, selectPolicies(currentPolicies(), policy));
      await afterCaches();
      return resetCount;
    },

    async setOverride(override) {
      checkSize(findLimit(currentPolicies(), override), override.limit);
      const set = await store.setOverride(override);
      if (set === undefined) {
        throw new InvalidRequest([
          { field: 'expire_time', description: 'has passed, by the clock of the store' },
        ]);
      }
      await afterCaches();
      return set;
    },

    async clearOverride(target) {
      const cleared = await store.clearOverride(target);
      await afterCaches();
      return cleared;
    },

    listOverrides: (query) => store.listOverrides(query),
    listPolicies: currentPolicies,
  };
}

function selectPolicies(policies: Policies, name: string | undefined): Policy[] {
  if (name === undefined) return [...policies.byName.values()];
  const policy = policies.byName.get(name);
  if (policy === undefined) throw new UnknownPolicy(name);
  return [policy];
}

function findLimit(
  policies: Policies,
  { policy, limitName }: OverrideTarget,
): { policy: Policy; limit: Limit } {
  const [selected] = selectPolicies(policies, policy);
  const limit = selected?.limits.find(({ name }) => name === limitName);
  if (selected === undefined || limit === undefined) throw new UnknownLimit(policy, limitName);
  return { policy: selected, limit };
}

/** What the policies file may not say, an override may not say either. A limit of 0 needs no counting. */
function checkSize({ policy, limit }: { policy: Policy; limit: Limit }, size: number): void {
  if (size === 0) return;
  const changed = { ...limit, limit: size };
  const limits = policy.limits.map((each) => (each === limit ? changed : each));
  const faults = [algorithmOf(changed).countingFault(changed), ...boundFaults({ ...policy, limits })];
  const descriptions = faults.filter((fault) => fault !== undefined);
  if (descriptions.length === 0) return;
  throw new InvalidRequest(descriptions.map((description) => ({ field: 'limit', description })));
}
