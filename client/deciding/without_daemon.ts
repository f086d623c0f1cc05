import type { Admission, Asked, Decided } from '../answers/admission';
import type { QuotaUnavailable } from '../answers/unavailable';
import { createLocalCount, type LocalLimit } from './local_count';

/**
 * What to do with a request that no daemon answers.
 *
 * - `fail`: it rejects with QuotaUnavailable.
 * - `deny`, `admit`: it is denied, or admitted without any limit.
 * - `local`: this process counts by itself, for the policies that are named here; for others, the request fails. In any
 *   window, N clients with the local limit l admit at most N × l beyond what the daemons admit: neither knows what the other has
 *   admitted, and what a client admits is not reported to the daemon.
 */
export type WithoutDaemon = 'fail' | 'deny' | 'admit' | { local: Readonly<Record<string, LocalLimit>> };

/** What is wrong with the option, if anything is. */
export function withoutDaemonFaults(outcome: unknown): string[] {
  if (OUTCOMES.includes(outcome)) return [];
  const locals = isObject(outcome) ? outcome.local : undefined;
  if (!isObject(locals)) return [`withoutDaemon: ${outcome} is none of ${OUTCOMES.join(', ')}, { local }`];
  return Object.entries(locals).flatMap(([policy, limit]) =>
    localLimitFaults(limit).map((fault) => `withoutDaemon: local["${policy}"]: ${fault}`),
  );
}

const OUTCOMES: readonly unknown[] = ['fail', 'deny', 'admit'];

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function localLimitFaults(given: unknown): string[] {
  const { limit, windowMs } = isObject(given) ? given : {};
  return [
    ...(isWholeFrom(0, limit) ? [] : [`limit: ${limit} is not a whole number, 0 or more`]),
    ...(isWholeFrom(1, windowMs) ? [] : [`windowMs: ${windowMs} is not a whole number, 1 or more`]),
  ];
}

function isWholeFrom(least: number, value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= least;
}

/** Decides instead of daemons that do not answer. */
export type Fallback = {
  /** Throws the failure if it is not for the client to decide. */
  decide(asked: Asked, failure: QuotaUnavailable): Admission;
  /** Gives back what `decide` took for this request; false if it took nothing. */
  refund(taken: Pick<Asked, 'subject' | 'policy' | 'requestId'>): boolean;
};

/** Makes the fallback of a client. */
export function createFallback(outcome: WithoutDaemon): Fallback {
  const locals = typeof outcome === 'string' ? {} : outcome.local;
  const counts = new Map(Object.entries(locals).map(([policy, limit]) => [policy, createLocalCount(limit)]));
  return {
    decide(asked, failure) {
      // A daemon that answers that it cannot decide follows the policy's own rule; that one holds.
      if (!failure.isUnanswered) throw failure;
      const count = counts.get(asked.policy);
      if (count !== undefined) return count.admit(asked);
      if (outcome === 'admit') return { ...withoutLimits(asked), admitted: true };
      if (outcome === 'deny')
        return { ...withoutLimits(asked), admitted: false, retryDelayMs: failure.retryAfterMs };
      throw failure;
    },
    refund: (taken) => counts.get(taken.policy)?.refund(taken) ?? false,
  };
}

function withoutLimits({ policy, cost, requestId }: Asked): Decided {
  return { policy, cost, requestId, limits: [], decidedBy: 'client', degraded: false, isRepeat: false };
}
