import type { Fact } from './history';
import type { DatabaseName, FailoverLine, MasterReplacedLine } from './lines';

/** One failover, as the processes noticed it. */
export interface Replacement {
  readonly from: string;
  readonly to: string;
  readonly partitions: number;
  /** What the master held, as far as the processes noticed. */
  readonly databases: readonly DatabaseName[];
  /** When the first process noticed it, and when the last one did. */
  readonly firstUs: number;
  readonly lastUs: number;
  readonly processCount: number;
}

/** A process notices a failover within this time: a replica is promoted, and the daemons hear of it. */
export const LONGEST_NOTICE_US = 60_000_000;

type Noticed = Fact & { readonly fact: MasterReplacedLine };

/** Joins what the processes noticed: each notices a failover once for each database. */
export function replacementsOf(facts: readonly Fact[]): Replacement[] {
  const groups: Noticed[][] = [];
  const noticed = facts.filter((fact): fact is Noticed => fact.fact.fact === 'master_replaced');
  for (const each of noticed.toSorted((a, b) => a.atUs - b.atUs)) {
    const group = groups.find(
      ([first, ...more]) =>
        first !== undefined &&
        isSameChange(first, each) &&
        each.atUs - first.atUs <= LONGEST_NOTICE_US &&
        ![first, ...more].some((other) => isSameWitness(other, each)),
    );
    if (group) group.push(each);
    else groups.push([each]);
  }
  return groups.map(joined);
}

function isSameChange({ fact: a }: Noticed, { fact: b }: Noticed): boolean {
  return a.from === b.from && a.to === b.to;
}

function isSameWitness(a: Noticed, b: Noticed): boolean {
  return a.by === b.by && a.fact.database === b.fact.database;
}

function joined(group: readonly Noticed[]): Replacement {
  const moments = group.map(({ atUs }) => atUs);
  const { from, to } = (group[0] as Noticed).fact;
  return {
    from,
    to,
    partitions: Math.max(...group.map(({ fact }) => fact.partitions)),
    databases: [...new Set(group.map(({ fact }) => fact.database))].sort(),
    firstUs: Math.min(...moments),
    lastUs: Math.max(...moments),
    processCount: new Set(group.map(({ by }) => by)).size,
  };
}

/**
 * The loss that a noticed failover explains, in its databases: from some time before the first process noticed it, until the
 * last one did.
 */
export function failoverOf({ firstUs, lastUs, databases }: Replacement, beforeUs: number): FailoverLine {
  const fromUs = firstUs - beforeUs;
  return { fact: 'failover', fromUs, boundUs: lastUs - fromUs, replicas: 1, databases: [...databases] };
}
