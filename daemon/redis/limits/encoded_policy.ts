import type { Limit } from '../../quota/limits';
import type { Policy } from '../../quota/policies';
import { retainMs } from '../../quota/policy_bounds';
import type { Keys } from '../keys';
import { pack } from '../packing';

const US_PER_MS = 1000;

const encoded = new WeakMap<Policy, Buffer>();

/** Encodes a policy as `scripts/limits/policies.lua` reads it, once for as long as it is in force. */
export function encodePolicy(policy: Policy): Buffer {
  const known = encoded.get(policy);
  if (known) return known;
  const { name, limits } = policy;
  const made = pack([
    name,
    retainMs(policy) * US_PER_MS,
    Number(limits.some(countsTakings)),
    limits.map((limit) => [
      limit.name,
      limit.algorithm,
      limit.limit,
      limit.windowMs * US_PER_MS,
      Number(limit.shadow ?? false),
    ]),
  ]);
  encoded.set(policy, made);
  return made;
}

/** Whether a limit counts the one set of the policy's takings; any other has a state of its own. */
function countsTakings({ algorithm, shadow }: Limit): boolean {
  return algorithm === 'sliding-window' && !shadow;
}

/** The keys of a subject, as the functions expect them: its takings, then the limits that have a state of their own. */
export function subjectKeys(keys: Keys, policy: Policy, subject: string): string[] {
  const states = policy.limits
    .filter((limit) => !countsTakings(limit))
    .map(({ name, algorithm }) =>
      algorithm === 'token-bucket'
        ? keys.bucket(policy.name, name, subject)
        : keys.shadow(policy.name, name, subject),
    );
  return [keys.taken(policy.name, subject), ...states];
}
