import { bucketUnits, type Limit } from './limits';
import type { Policies, Policy } from './policies';

/** One request of the past: who asked what, when, and what was answered. */
export interface PastRequest {
  readonly subject: string;
  readonly policy: string;
  readonly cost: number;
  readonly timeMs: number;
  readonly admitted: boolean;
}

/** One limit for one subject, in memory. It is asked in the order of time. */
interface SimulatedLimit {
  hasRoom(cost: number, nowUs: number): boolean;
  take(cost: number, nowUs: number): void;
}

const US_PER_MS = 1000;

/**
 * Decides requests of the past by other policies, as the store would have: a limit refuses, or all are taken from.
 * Answers undefined for a policy that is not there.
 */
export function createSimulation({ byName }: Policies): (request: PastRequest) => boolean | undefined {
  const states = new Map<string, SimulatedLimit[]>();

  function stateOf(policy: Policy, subject: string): SimulatedLimit[] {
    // A policy's name holds no colon, so no two share a key.
    const key = `${policy.name}:${subject}`;
    const known = states.get(key) ?? policy.limits.filter(({ shadow }) => !shadow).map(simulate);
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

function simulate(limit: Limit): SimulatedLimit {
  return limit.algorithm === 'sliding-window' ? simulateWindow(limit) : simulateBucket(limit);
}

function simulateWindow({ limit: size, windowMs }: Limit): SimulatedLimit {
  const takenUs: number[] = [];
  return {
    hasRoom(cost, nowUs) {
      const backUs = nowUs - windowMs * US_PER_MS;
      const firstOut = takenUs.findIndex((each) => each > backUs);
      takenUs.splice(0, firstOut === -1 ? takenUs.length : firstOut);
      return takenUs.length + cost <= size;
    },
    take(cost, nowUs) {
      for (let token = 0; token < cost; token += 1) takenUs.push(nowUs);
    },
  };
}

function simulateBucket(limit: Limit & { algorithm: 'token-bucket' }): SimulatedLimit {
  const { unitsPerToken, unitsPerUs } = bucketUnits(limit);
  let debt = 0;
  let atUs = 0;
  return {
    hasRoom(cost, nowUs) {
      debt = Math.max(0, debt - (nowUs - atUs) * unitsPerUs);
      atUs = nowUs;
      return debt + cost * unitsPerToken <= limit.limit * unitsPerToken;
    },
    take(cost) {
      debt += cost * unitsPerToken;
    },
  };
}
