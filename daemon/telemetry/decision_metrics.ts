import { Counter, type Registry } from 'prom-client';
import type { Decision } from '../quota/admission';
import type { DecisionListener } from '../quota/decision_feed';
import type { RaceResult } from '../quota/joint_admission';
import type { RefundListener } from '../quota/refund';
import { createTally } from './tally';

/**
 * `shadow_denied`: admitted, though a limit in shadow would have denied. `repeated`: a request that had been admitted
 * before. They add up to all decisions.
 */
export const VERDICTS = ['admitted', 'denied', 'shadow_denied', 'repeated'] as const;

export type Verdict = (typeof VERDICTS)[number];

const RACE_RESULTS = ['refunded', 'lost'] as const satisfies readonly RaceResult[];

export interface DecisionMetrics {
  /** A decision of a policy that exists. */
  readonly decided: DecisionListener;
  /** An admitted request was refunded. */
  readonly refunded: RefundListener;
  /** A request with several descriptors had taken for some of them when another one was denied or failed. */
  readonly jointRefunded: (result: RaceResult) => void;
}

export interface DecisionSources {
  /** The policies in force, whose counters start at 0. */
  readonly policyNames: () => Iterable<string>;
}

export function createDecisionMetrics(
  { policyNames }: DecisionSources,
  registers: Registry[],
): DecisionMetrics {
  const decisions = new Counter({
    name: 'quota_decisions_total',
    help: 'Decisions by policy and verdict: shadow_denied was admitted, and a limit in shadow would have denied it; repeated had been admitted before.',
    labelNames: ['policy', 'verdict'],
    registers,
    collect() {
      for (const policy of policyNames()) for (const verdict of VERDICTS) this.inc({ policy, verdict }, 0);
      decided.flush();
    },
  });
  const decided = createTally((policy, verdict, count) => decisions.inc({ policy, verdict }, count));
  const degraded = new Counter({
    name: 'quota_degraded_decisions_total',
    help: "Decisions made by a policy's failure rule, as the store was unreachable.",
    labelNames: ['policy'],
    registers,
    collect() {
      for (const policy of policyNames()) this.inc({ policy }, 0);
    },
  });
  const refunds = new Counter({
    name: 'quota_refunds_total',
    help: 'Admitted requests that were refunded.',
    labelNames: ['policy'],
    registers,
    collect() {
      for (const policy of policyNames()) this.inc({ policy }, 0);
    },
  });
  const races = new Counter({
    name: 'quota_descriptor_races_total',
    help: 'Requests with several descriptors that had taken for some when another was denied or failed, by result: refunded, or lost until the window ends.',
    labelNames: ['result'],
    registers,
  });
  for (const result of RACE_RESULTS) races.inc({ result }, 0);
  return {
    decided({ policy }, decision) {
      decided.count(policy, verdictOf(decision));
      if (decision.degraded) degraded.inc({ policy });
    },
    refunded: ({ policy }) => refunds.inc({ policy }),
    jointRefunded: (result) => races.inc({ result }),
  };
}

function verdictOf({ admitted, isRepeat, limits }: Decision): Verdict {
  if (isRepeat) return 'repeated';
  if (!admitted) return 'denied';
  return limits.some(({ shadowDenied }) => shadowDenied) ? 'shadow_denied' : 'admitted';
}
