import type { FieldFault } from '../quota/errors';

/** Restrictions of an identity within its role's methods. Unset fields are not restricted. */
export interface Restrictions {
  /** Only these policies. */
  readonly policies?: readonly string[];
  /** Only subjects that begin so. */
  readonly subjectPrefix?: string;
  /** The largest cost of one request. */
  readonly maxCost?: number;
}

/** The parts of a request that can be restricted. */
export interface Use {
  /** Whose; null: everybody's. */
  readonly subject?: string | null;
  /** Which policy; null: all of them. */
  readonly policy?: string | null;
  readonly cost?: number;
  /** Fields that show everybody, and whether each is asked for. */
  readonly showsEverybody?: Readonly<Record<string, boolean>>;
  /** Fields that show all policies, and whether each is asked for. */
  readonly showsAllPolicies?: Readonly<Record<string, boolean>>;
}

/** Each field that these restrictions forbid, with the reason; empty if all are allowed. */
export function refusedFields(restrictions: Restrictions, use: Use): FieldFault[] {
  const { policies, subjectPrefix, maxCost } = restrictions;
  const faults: FieldFault[] = [];
  if (subjectPrefix !== undefined) faults.push(...subjectFaults(subjectPrefix, use));
  if (policies !== undefined) faults.push(...policyFaults(policies, use));
  if (maxCost !== undefined && use.cost !== undefined && use.cost > maxCost)
    faults.push({ field: 'cost', description: `must be ${maxCost} at most for this caller` });
  return faults;
}

function subjectFaults(prefix: string, { subject, showsEverybody }: Use): FieldFault[] {
  const isRefused = subject === null || (subject !== undefined && !subject.startsWith(prefix));
  const description = `must begin with ${JSON.stringify(prefix)} for this caller`;
  return [
    ...(isRefused ? [{ field: 'subject', description }] : []),
    ...askedFor(showsEverybody, 'shows subjects that this caller may not see'),
  ];
}

function policyFaults(policies: readonly string[], { policy, showsAllPolicies }: Use): FieldFault[] {
  const isRefused = policy === null || (policy !== undefined && !policies.includes(policy));
  const description = `must be ${policies.join(' or ')} for this caller`;
  return [
    ...(isRefused ? [{ field: 'policy', description }] : []),
    ...askedFor(showsAllPolicies, 'shows policies that this caller may not use'),
  ];
}

function askedFor(fields: Readonly<Record<string, boolean>> = {}, why: string): FieldFault[] {
  return Object.entries(fields).flatMap(([field, isAsked]) =>
    isAsked ? [{ field, description: `must be 0, as it ${why}` }] : [],
  );
}
