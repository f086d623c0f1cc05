import type { History, Operation, Span } from './history';
import type { DatabaseName, FailoverLine } from './lines';

/** Once the store has answered something later, what was sent before has come to it within this time, or never will. */
const STRAGGLERS_US = 2_000_000;

/** Something that was answered, and what its answer had waited for. */
export interface Answered extends Span {
  readonly isOnDisk?: boolean;
  readonly replicas?: number | undefined;
}

/** Whether what a database answered may have been lost in a failover. */
export function isExposed(
  { sentUs, answeredUs, replicas = 0 }: Answered,
  { fromUs, boundUs, replicas: all, databases }: FailoverLine,
  database: DatabaseName,
): boolean {
  if (replicas >= all || databases?.includes(database) === false) return false;
  return answeredUs >= fromUs && sentUs <= fromUs + boundUs;
}

/** What is known of requests whose outcome is not. */
export interface Settling {
  /** From when to when a request without an answer of the store may have reached it. */
  spanOf(operation: Operation<unknown>): Span;
  /** Whether what was answered may have been lost since, by the database of the admissions unless another is given. */
  mayBeLost(answered: Answered, database?: DatabaseName): boolean;
}

export function createSettling({ operations, attempts, facts }: History): Settling {
  // Only the store admits; a denial may have been remembered.
  const admitted = attempts.filter(({ answer }) => answer?.admitted === true && answer.degraded !== true);
  const byStore = admitted.toSorted((a, b) => a.sentUs - b.sentUs);
  const firstAnswerFrom = suffixMinima(byStore.map(({ answeredUs }) => answeredUs));
  const lastSeenUs = lastMoments(operations);
  const failovers = facts.flatMap(({ fact }) => (fact.fact === 'failover' ? [fact] : []));
  const losses = facts.flatMap(({ fact }) => (fact.fact === 'may_be_lost' ? [fact] : []));

  function firstAnswerAfter(us: number): number {
    let [low, high] = [0, byStore.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((byStore[middle]?.sentUs ?? 0) > us) high = middle;
      else low = middle + 1;
    }
    return firstAnswerFrom[low] ?? Number.POSITIVE_INFINITY;
  }

  return {
    spanOf({ sentUs, answeredUs, daemon }) {
      // A process that has died has sent all before its last line.
      const endUs = Number.isFinite(answeredUs) ? answeredUs : (lastSeenUs.get(daemon) ?? sentUs);
      return { sentUs, answeredUs: firstAnswerAfter(endUs) + STRAGGLERS_US };
    },
    mayBeLost: (answered, database = 'admissions') =>
      // Not by a crash, if it was on the disk. A replica has a disk of its own.
      (!answered.isOnDisk &&
        losses.some(({ fromUs, toUs }) => answered.answeredUs >= fromUs && answered.sentUs <= toUs)) ||
      failovers.some((failover) => isExposed(answered, failover, database)),
  };
}

/** For each place the least of what stands from there on. */
function suffixMinima(values: readonly number[]): number[] {
  const minima = [...values];
  for (let at = minima.length - 2; at >= 0; at -= 1)
    minima[at] = Math.min(minima[at] ?? 0, minima[at + 1] ?? 0);
  return minima;
}

function lastMoments(operations: readonly Operation[]): Map<string, number> {
  const last = new Map<string, number>();
  for (const { daemon, sentUs, answeredUs } of operations) {
    const us = Number.isFinite(answeredUs) ? answeredUs : sentUs;
    last.set(daemon, Math.max(last.get(daemon) ?? 0, us));
  }
  return last;
}
