import { Gauge, type Registry } from 'prom-client';

export interface PoliciesSources {
  /** A digest of the policies' meaning: the same on daemons with the same policies. */
  readonly policiesDigest: () => string;
}

/** Shows which policies are in force, so that daemons with different files are noticed. */
export function watchPolicies({ policiesDigest }: PoliciesSources, registers: Registry[]): void {
  new Gauge({
    name: 'quota_policies_info',
    aggregator: 'max',
    help: '1 for the digest of the policies in force: the same on daemons with the same policies.',
    labelNames: ['digest'],
    registers,
    collect() {
      this.reset();
      this.set({ digest: policiesDigest() }, 1);
    },
  });
}
