import { algorithmOf } from '../../quota/algorithms/registry';
import { countsTakings, type Limit } from '../../quota/limits';
import type { Policy } from '../../quota/policies';
import { retainMs } from '../../quota/policy_bounds';
import type { Keys } from '../keys';
import { pack } from '../packing';

const US_PER_MS = 1000;

/** A policy as the functions take it. */
export interface EncodedPolicy {
  /** What `scripts/limits/policies.lua` reads. */
  readonly text: Buffer;
  /** The keys of a subject: its takings, then the states of the limits that have one, in the order of the limits. */
  keysOf(subject: string): string[];
}

/** A limit whose algorithm has changed recently, and when, in microseconds of the store's clock. */
export interface Conversion {
  readonly policy: string;
  readonly limit: string;
  readonly convertedUs: number;
}

/** Encodes each policy once, while it is in force. */
export interface Encoder {
  encode(policy: Policy): EncodedPolicy;
  /** Replaces the known algorithm changes: the old states are then looked for as well. */
  setConversions(conversions: readonly Conversion[]): void;
}

export function createEncoder(keys: Keys): Encoder {
  let encoded = new WeakMap<Policy, EncodedPolicy>();
  let convertedUs = new Map<string, number>();
  let fingerprint = '';

  return {
    encode(policy) {
      const known = encoded.get(policy);
      if (known) return known;
      const made = encodePolicy(keys, policy, ({ name }) => convertedUs.get(nameOf(policy.name, name)) ?? 0);
      encoded.set(policy, made);
      return made;
    },

    setConversions(conversions) {
      const next = JSON.stringify(conversions);
      if (next === fingerprint) return;
      fingerprint = next;
      convertedUs = new Map(conversions.map((each) => [nameOf(each.policy, each.limit), each.convertedUs]));
      encoded = new WeakMap();
    },
  };
}

/** Neither name holds a colon. */
function nameOf(policy: string, limit: string): string {
  return `${policy}:${limit}`;
}

function encodePolicy(keys: Keys, policy: Policy, convertedUs: (limit: Limit) => number): EncodedPolicy {
  const { name, limits } = policy;
  const text = pack([
    name,
    retainMs(policy) * US_PER_MS,
    Number(limits.some(countsTakings)),
    limits.map((limit) => [
      limit.name,
      limit.algorithm,
      limit.limit,
      limit.windowMs * US_PER_MS,
      Number(limit.shadow ?? false),
      convertedUs(limit),
    ]),
  ]);
  const stateKeys = limits.flatMap((limit) => stateKeyOf(keys, policy, limit, convertedUs(limit) > 0));
  return {
    text,
    keysOf: (subject) => [keys.taken(name, subject), ...stateKeys.map((keyOf) => keyOf(subject))],
  };
}

/** Builds the key of a limit's state; none if it has no state and had no hash recently. */
function stateKeyOf(
  keys: Keys,
  policy: Policy,
  limit: Limit,
  isConverted: boolean,
): ((subject: string) => string)[] {
  const hasHash = !algorithmOf(limit).keepsTokens || (countsTakings(limit) && isConverted);
  if (hasHash) return [(subject) => keys.bucket(policy.name, limit.name, subject)];
  return countsTakings(limit) ? [] : [(subject) => keys.shadow(policy.name, limit.name, subject)];
}
