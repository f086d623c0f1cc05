import type { LimitStatus } from '../../quota/admission';
import type { Part, PartDecision } from '../../quota/joint_admission';

/** A limit that may deny, under the name by which clients know it. */
export interface ShownLimit {
  readonly name: string;
  readonly status: LimitStatus;
}

/**
 * The limits of a part, the tightest first; without those in shadow. A limit is named after its policy, with its own name
 * after it if the policy has several.
 */
export function shownLimits({ policy }: Part, { limits }: PartDecision): ShownLimit[] {
  const enforced = limits.filter(({ shadow }) => !shadow);
  return enforced.map((status) => ({
    name: enforced.length === 1 ? policy.name : `${policy.name}/${status.name}`,
    status,
  }));
}
