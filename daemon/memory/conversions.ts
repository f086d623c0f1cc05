import type { Limit } from '../quota/limits';
import type { Policy } from '../quota/policies';

/** Notices that a limit has another algorithm than before: what it had counted is not forgotten then. */
export interface Conversions {
  /** When another algorithm was replaced by the limit's, in microseconds; 0 if none was. */
  convertedUs(policy: Policy, limit: Limit): number;
  /** Takes a policy as the one in force. */
  follow(policy: Policy, nowUs: number): void;
}

export function createConversions(): Conversions {
  const inForce = new Map<string, Policy>();
  const convertedUs = new Map<string, number>();
  const keyOf = (policy: Policy, { name }: Limit) => `${policy.name}:${name}`;

  return {
    convertedUs: (policy, limit) =>
      convertedUs.size === 0 ? 0 : (convertedUs.get(keyOf(policy, limit)) ?? 0),

    follow(policy, nowUs) {
      const former = inForce.get(policy.name);
      if (former === policy) return;
      inForce.set(policy.name, policy);
      for (const limit of policy.limits) {
        const before = former?.limits.find(({ name }) => name === limit.name);
        if (before !== undefined && before.algorithm !== limit.algorithm)
          convertedUs.set(keyOf(policy, limit), nowUs);
      }
    },
  };
}
