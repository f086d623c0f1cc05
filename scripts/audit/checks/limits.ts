import type { Attempt } from '../history';
import type { LimitLine } from '../lines';

/** A limit as it stood when it decided. */
export interface DecidedLimit {
  readonly name: string;
  readonly limit: number;
  readonly windowUs: number;
}

/** The limits of an answer that may deny, and count in this way. */
export function enforcedLimits(
  { answer, policy }: Attempt,
  algorithm: LimitLine['algorithm'],
): readonly DecidedLimit[] {
  const names = new Set(
    policy.limits.filter((limit) => limit.algorithm === algorithm && !limit.shadow).map(({ name }) => name),
  );
  return answer?.limits?.filter(({ name }) => names.has(name)) ?? [];
}
