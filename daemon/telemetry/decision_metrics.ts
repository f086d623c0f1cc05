import { Counter, Gauge, type Registry } from 'prom-client';
import type { Decision } from '../quota/admission';
import type { DecisionListener } from '../quota/decision_feed';
import { oncePerLabels } from './children';

/**
 * `shadow_denied`: admitted, though a limit in shadow would have denied. `repeated`: a request that had been admitted
 * before. They add up to all decisions.
 */
export const VERDICTS = ['admitted', 'denied', 'shadow_denied', 'repeated'] as const;

export type Verdict = (typeof VERDICTS)[number];

export interface DecisionMetrics {
  /** A decision of a policy that exists. */
  readonly decided: DecisionListener;
  /** A changed policies file was taken, or refused with the old one kept. */
  policiesReloaded(isTaken: boolean): void;
}

export interface DecisionSources {
  /** The policies that hold now, whose counters stand at 0 from the start. */
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
    },
  });
  new Counter({
    name: 'quota_degraded_decisions_total',
    help: "Decisions made by a policy's failure rule, as the store was out of reach.",
    labelNames: ['policy'],
    registers,
    collect() {
      for (const policy of policyNames()) this.inc({ policy }, 0);
    },
  });
  const reloads = new Counter({
    name: 'quota_policies_reloads_total',
    help: 'Changes of the policies file, by result: taken, or refused with the old policies kept.',
    labelNames: ['result'],
    registers,
  });
  for (const result of ['taken', 'refused']) reloads.inc({ result }, 0);
  const reloadOk = new Gauge({
    name: 'quota_policies_up_to_date',
    aggregator: 'min',
    help: '1 where the policies in force are those of the file, 0 where its last change was refused.',
    registers,
  });
  reloadOk.set(1);
  const decided = oncePerLabels((policy, verdict) => decisions.labels({ policy, verdict }));
  return {
    decided: ({ policy }, decision) => decided(policy, verdictOf(decision)).inc(),
    policiesReloaded(isTaken) {
      reloads.inc({ result: isTaken ? 'taken' : 'refused' });
      reloadOk.set(Number(isTaken));
    },
  };
}

function verdictOf({ admitted, isRepeat, limits }: Decision): Verdict {
  if (isRepeat) return 'repeated';
  if (!admitted) return 'denied';
  return limits.some(({ shadowDenied }) => shadowDenied) ? 'shadow_denied' : 'admitted';
}
