/** One step of an erasure. Each can be repeated from its start without further effect. */
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
 * The steps of an erasure after its start, in order. The denials come late: other daemons deliver theirs with half a
 * second's delay.
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

/** The number of steps, with the start. */
export function stepCount(policies: readonly string[]): number {
  return 1 + stepsOf(policies).length;
}
