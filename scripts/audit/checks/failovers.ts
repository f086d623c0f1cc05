import { type Context, groupBy } from '../accounts';
import type { Attempt, Call, History } from '../history';
import type { FailoverLine } from '../lines';
import { isCharge } from '../outcomes';
import { LONGEST_NOTICE_US, type Replacement, replacementsOf } from '../replacements';
import { isExposed } from '../settling';
import { createFinding, type Finding } from '../violations';

/**
 * The failovers that the processes noticed; and what each one has cost whose bound is known: how many admissions and calls
 * may be lost, and how many are, as their ids were charged again. A loss that no failover explains is a violation of another
 * check.
 */
export function noteFailovers({ history }: Context): Finding {
  const { result } = createFinding('failovers');
  const failovers = history.facts.flatMap(({ fact }) => (fact.fact === 'failover' ? [fact] : []));
  const replacements = replacementsOf(history.facts);
  const taken = takenOf(history);
  const notes = [
    ...replacements.map((replacement) => noticeOf(replacement, failovers)),
    ...failovers.map((failover) => noteOf(failover, taken)),
  ];
  return result(`${failovers.length} failovers, ${replacements.length} noticed by processes`, notes);
}

function noticeOf(replacement: Replacement, failovers: readonly FailoverLine[]): string {
  const { from, to, firstUs, lastUs, partitions, databases, processCount } = replacement;
  const bounded = failovers.filter(
    ({ fromUs, boundUs }) => fromUs <= firstUs && fromUs + boundUs + LONGEST_NOTICE_US >= firstUs,
  );
  const unbounded = databases.filter((each) =>
    bounded.every((other) => other.databases?.includes(each) === false),
  );
  const noticed = `as ${processCount} processes noticed within ${Math.round((lastUs - firstUs) / 1000)} ms`;
  const unexplained = `; it explains no loss of ${unbounded.join(' and ')}, as its bound is not known`;
  const lack = unbounded.length > 0 ? unexplained : '';
  const held = `${partitions} partitions of ${databases.join(' and ')}`;
  return `${timeOf(firstUs)}: ${to} has taken the place of ${from}, the master of ${held}, ${noticed}${lack}`;
}

/** What the store took, in each database. */
interface Taken {
  readonly charges: readonly Attempt[];
  readonly recorded: readonly Call[];
}

function takenOf({ attempts, calls }: History): Taken {
  return {
    charges: attempts.filter(isCharge),
    recorded: calls.filter(({ answer }) => answer?.isRecorded === true),
  };
}

function noteOf(failover: FailoverLine, { charges, recorded }: Taken): string {
  const { fromUs, boundUs, databases = ['admissions', 'calls'] } = failover;
  const within = `in ${Math.round(boundUs / 1000)} ms may be lost, and at least`;
  const admitted = charges.filter((charge) =>
    isExposed({ ...charge, replicas: charge.policy.waitReplicas }, failover, 'admissions'),
  );
  const called = recorded.filter((call) => isExposed(call, failover, 'calls'));
  const admissions = `${admitted.length} admissions ${within} ${againOf(admitted, charges)} are`;
  const calls = `${called.length} calls ${within} ${againOf(called, recorded)} are`;
  return `${timeOf(fromUs)}: ${databases.map((database) => (database === 'calls' ? calls : admissions)).join('; ')}`;
}

/** How many were taken again later under the same id. */
function againOf<Each extends Attempt | Call>(exposed: readonly Each[], all: readonly Each[]): number {
  const byId = groupBy(all, keyOf);
  return exposed.filter((each) => (byId.get(keyOf(each)) ?? []).some((later) => later.sentUs > each.sentUs))
    .length;
}

function keyOf({ sent, place }: Attempt | Call): string {
  const what = sent.op === 'admit' ? sent.policy : sent.service;
  return `${what} ${sent.subject} ${sent.id ?? place}`;
}

function timeOf(us: number): string {
  return new Date(us / 1000).toISOString();
}
