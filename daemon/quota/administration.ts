import { type LimitStatus, tightestFirst } from './admission';
import { algorithmOf } from './algorithms/registry';
import { type BlockedList, listBlocked } from './blocked';
import { formatDuration } from './duration';
import { LoweredLimit } from './erasing';
import { type FieldFault, InvalidRequest, UnknownLimit, UnknownPolicy } from './errors';
import type { Limit } from './limits';
import type { NewOverride, Override, OverridePage, OverrideQuery, OverrideTarget } from './overrides';
import type { Policies, Policy } from './policies';
import { boundFaults } from './policy_bounds';
import { type BoundedRaise, LessensOverride, MIN_RAISE_MS, type NewRaise, type RaiseBound } from './raises';
import type { QuotaStore } from './store';

/** The state of a subject's limits under one policy. */
export interface PolicyQuota {
  readonly policy: string;
  /** The tightest first. */
  readonly limits: readonly LimitStatus[];
  /** How far each limit may be raised, by its name. */
  readonly raises: ReadonlyMap<string, RaiseBound>;
}

/** The subject and the policy; undefined means all policies. */
export interface QuotaTarget {
  readonly subject: string;
  readonly policy: string | undefined;
}

/** What operators may see and change. Every method throws `StoreUnavailable` as the store does. */
export interface Administration {
  /** Throws `UnknownPolicy`. */
  getQuota(target: QuotaTarget): Promise<PolicyQuota[]>;
  /** Gives back everything that was taken. Returns how many limits that affected. Throws `UnknownPolicy`. */
  resetQuota(target: QuotaTarget): Promise<number>;
  /** The subjects blocked now, of those recently denied. Throws `UnknownPolicy`. */
  listBlocked(query: { policy: string | undefined; maxCount: number }): Promise<BlockedList>;
  /**
   * Raises a limit within its bound. Throws `UnknownPolicy`, `UnknownLimit`, `InvalidRequest` if it is beyond the bound,
   * or `LessensOverride`.
   */
  raiseLimit(raise: NewRaise): Promise<Override>;
  /** Throws `UnknownPolicy`, `UnknownLimit`, or `InvalidRequest` if the limit cannot have that size or end. */
  setOverride(override: NewOverride): Promise<Override>;
  /** False if there was none: also for a policy or limit that the file no longer has. */
  clearOverride(target: OverrideTarget): Promise<boolean>;
  listOverrides(query: OverrideQuery): Promise<OverridePage>;
  /** Throws `LoweredLimit` if an override makes a limit of the subject smaller than the policies file does. */
  requireNoneLowered(subject: string): Promise<void>;
  listPolicies(): Policies;
}

export interface AdministrationParts {
  readonly currentPolicies: () => Policies;
  readonly store: QuotaStore;
  /** Resolves once no daemon decides by remembered denials from before. */
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
          raises: selected.raises ?? new Map(),
        })),
      );
    },

    async resetQuota({ subject, policy }) {
      const resetCount = await store.resetQuota(subject, selectPolicies(currentPolicies(), policy));
      await afterCaches();
      return resetCount;
    },

    listBlocked: async ({ policy, maxCount }) =>
      listBlocked(store, { policies: selectPolicies(currentPolicies(), policy), maxCount }),

    async raiseLimit(raise) {
      const { policy, limit } = findLimit(currentPolicies(), raise);
      const bounded = { ...raise, configuredLimit: limit.limit };
      checkRaise(bounded, policy.raises?.get(limit.name));
      checkSize({ policy, limit, current: await store.readQuota(raise.subject, policy) }, raise.limit);
      const set = await store.raiseLimit(bounded);
      if (set === undefined) throw new LessensOverride();
      await afterCaches();
      return set;
    },

    async setOverride(override) {
      const found = findLimit(currentPolicies(), override);
      checkSize({ ...found, current: await store.readQuota(override.subject, found.policy) }, override.limit);
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

    async requireNoneLowered(subject) {
      for (const policy of currentPolicies().byName.values()) {
        const sizes = new Map(policy.limits.map(({ name, limit }) => [name, limit]));
        const statuses = await store.readQuota(subject, policy);
        if (statuses.some(({ name, limit }) => limit < (sizes.get(name) ?? 0))) throw new LoweredLimit();
      }
    },

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

/** Throws `InvalidRequest` unless the raise is within its bound. */
function checkRaise(
  { limit, durationMs, configuredLimit }: BoundedRaise,
  bound: RaiseBound | undefined,
): void {
  if (bound === undefined)
    throw new InvalidRequest([
      { field: 'limit_name', description: 'cannot be raised: its policy sets no raise' },
    ]);
  const faults: FieldFault[] = [];
  if (limit <= configuredLimit || limit > bound.limit) {
    const description = `must be ${configuredLimit + 1} to ${bound.limit}; it is ${limit}`;
    faults.push({ field: 'limit', description });
  }
  if (durationMs < MIN_RAISE_MS || durationMs > bound.durationMs) {
    const most = formatDuration(bound.durationMs);
    faults.push({ field: 'duration', description: `must be ${formatDuration(MIN_RAISE_MS)} to ${most}` });
  }
  if (faults.length > 0) throw new InvalidRequest(faults);
}

interface Overridden {
  readonly policy: Policy;
  readonly limit: Limit;
  /** The subject's current state, with the overrides of other limits. */
  readonly current: readonly LimitStatus[];
}

/**
 * What the policies file may not set, an override may not set either, alone or together with others. A limit of 0 needs
 * no counting.
 */
function checkSize({ policy, limit, current }: Overridden, size: number): void {
  if (size === 0) return;
  const changed = { ...limit, limit: size };
  const sizes = new Map(current.map((status) => [status.name, status.limit]));
  // Another override may end; then the configured size applies again.
  const largest = (each: Limit) => ({ ...each, limit: Math.max(each.limit, sizes.get(each.name) ?? 0) });
  const limits = policy.limits.map((each) => (each === limit ? changed : largest(each)));
  const faults = [algorithmOf(changed).countingFault(changed), ...boundFaults({ ...policy, limits })];
  const descriptions = faults.filter((fault) => fault !== undefined);
  if (descriptions.length === 0) return;
  throw new InvalidRequest(descriptions.map((description) => ({ field: 'limit', description })));
}
