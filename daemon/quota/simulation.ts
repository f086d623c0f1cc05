import { type SimulatedLimit, US_PER_MS } from './algorithms/algorithm';
import { algorithmOf } from './algorithms/registry';
import type { Policies, Policy } from './policies';

/** One request of the past: who asked what, when, and what was answered. */
export interface PastRequest {
  readonly subject: string;
  readonly policy: string;
  readonly cost: number;
  readonly timeMs: number;
  readonly admitted: boolean;
}

/**
 * Decides requests of the past by other policies, as the store would have: a limit refuses, or all are taken from.
 * Answers undefined for a policy that is not there.
 */
export function createSimulation({ byName }: Policies): (request: PastRequest) => boolean | undefined {
  const states = new Map<string, SimulatedLimit[]>();

  function stateOf(policy: Policy, subject: string): SimulatedLimit[] {
    // A policy's name holds no colon, so no two share a key.
    const key = `${policy.name}:${subject}`;
    const known =
      states.get(key) ??
      policy.limits.filter(({ shadow }) => !shadow).map((limit) => algorithmOf(limit).simulate(limit));
    states.set(key, known);
    return known;
  }

  return ({ subject, policy: name, cost, timeMs }) => {
    const policy = byName.get(name);
    if (policy === undefined) return undefined;
    const limits = stateOf(policy, subject);
    const nowUs = timeMs * US_PER_MS;
    const admitted = limits.every((limit) => limit.hasRoom(cost, nowUs));
    if (admitted) for (const limit of limits) limit.take(cost, nowUs);
    return admitted;
  };
}
