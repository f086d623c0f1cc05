import { type Context, groupBy } from '../accounts';
import type { Attempt } from '../history';
import type { FailoverLine } from '../lines';
import { isCharge } from '../outcomes';
import { LONGEST_NOTICE_US, type Replacement, replacementsOf } from '../replacements';
import { isExposed } from '../settling';
import { createFinding, type Finding } from '../violations';

/**
 * The failovers that the processes noticed; and what each one has cost whose bound is known: how many admissions may be
 * lost, and how many are, as their ids were charged again. A loss that no failover explains is a violation of another
 * check.
 */
export function noteFailovers({ history }: Context): Finding {
  const { result } = createFinding('failovers');
  const failovers = history.facts.flatMap(({ fact }) => (fact.fact === 'failover' ? [fact] : []));
  const charges = history.attempts.filter(isCharge);
  const replacements = replacementsOf(history.facts);
  const notes = [
    ...replacements.map((replacement) => noticeOf(replacement, failovers)),
    ...failovers.map((failover) => noteOf(failover, charges)),
  ];
  return result(`${failovers.length} failovers, ${replacements.length} noticed by processes`, notes);
}

function noticeOf(replacement: Replacement, failovers: readonly FailoverLine[]): string {
  const { from, to, firstUs, lastUs, partitions, processCount } = replacement;
  const isExplained = failovers.some(
    ({ fromUs, boundUs }) => fromUs <= firstUs && fromUs + boundUs + LONGEST_NOTICE_US >= firstUs,
  );
  const noticed = `as ${processCount} processes noticed within ${Math.round((lastUs - firstUs) / 1000)} ms`;
  const lack = isExplained ? '' : '; it explains no loss, as its bound is not known';
  return `${timeOf(firstUs)}: ${to} has taken the place of ${from}, the master of ${partitions} partitions, ${noticed}${lack}`;
}

function noteOf(failover: FailoverLine, charges: readonly Attempt[]): string {
  const exposed = charges.filter((charge) =>
    isExposed({ ...charge, replicas: charge.policy.waitReplicas }, failover),
  );
  const byId = groupBy(charges, ({ sent, place }) => `${sent.policy} ${sent.subject} ${sent.id ?? place}`);
  const lost = exposed.filter(({ sent, place, sentUs }) => {
    const tries = byId.get(`${sent.policy} ${sent.subject} ${sent.id ?? place}`) ?? [];
    return tries.some((later) => later.sentUs > sentUs);
  });
  return `${timeOf(failover.fromUs)}: ${exposed.length} admissions in ${Math.round(failover.boundUs / 1000)} ms may be lost, and at least ${lost.length} are`;
}

function timeOf(us: number): string {
  return new Date(us / 1000).toISOString();
}
