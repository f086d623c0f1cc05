import { Counter, Gauge, type Registry } from 'prom-client';

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

/**
 * Counts changes of the policies file: `true` if one was accepted, `false` if it was rejected and the old one kept. A worker
 * reads no file; only its primary counts.
 */
export function createReloadMetrics(registers: Registry[]): (isTaken: boolean) => void {
  const reloads = new Counter({
    name: 'quota_policies_reloads_total',
    help: 'Changes of the policies file, by result: taken, or refused if the file was rejected and the old policies stay.',
    labelNames: ['result'],
    registers,
  });
  for (const result of ['taken', 'refused']) reloads.inc({ result }, 0);
  const reloadOk = new Gauge({
    name: 'quota_policies_up_to_date',
    aggregator: 'min',
    help: '1 if the policies in force are those of the file, 0 if its last change was rejected.',
    registers,
  });
  reloadOk.set(1);
  return (isTaken) => {
    reloads.inc({ result: isTaken ? 'taken' : 'refused' });
    reloadOk.set(Number(isTaken));
  };
}
