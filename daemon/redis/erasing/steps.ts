/** One step of an erasure. Each may be done again from its start, and changes nothing the second time. */
export type Step =
  | {
      readonly kind:
        | 'calls'
        | 'rewrite-calls'
        | 'search'
        | 'search-calls'
        | 'overrides'
        | 'settle'
        | 'last-look';
    }
  | { readonly kind: 'rewrite-admissions' | 'rewrite-denials'; readonly policy: string };

/**
 * The steps of an erasure, in their order, after its beginning. The denials come late: other daemons deliver theirs half a
 * second after they were made.
 */
export function stepsOf(policies: readonly string[]): Step[] {
  return [
    { kind: 'calls' },
    ...policies.map((policy) => ({ kind: 'rewrite-admissions', policy }) as const),
    { kind: 'rewrite-calls' },
    { kind: 'search' },
    { kind: 'search-calls' },
    { kind: 'overrides' },
    { kind: 'settle' },
    ...policies.map((policy) => ({ kind: 'rewrite-denials', policy }) as const),
    { kind: 'last-look' },
  ];
}

/** All steps: the beginning is one, too. */
export function stepCount(policies: readonly string[]): number {
  return 1 + stepsOf(policies).length;
}
