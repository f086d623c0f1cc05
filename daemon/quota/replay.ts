import type { Policies, Policy } from './policies';

/** One request of the past: who asked what, when, and what was answered; or a refund. */
export interface PastRequest {
  readonly subject: string;
  readonly policy: string;
  readonly cost: number;
  readonly timeMs: number;
  readonly admitted: boolean;
  /** Of a refund: when the request was admitted that it gives back. */
  readonly refundedTimeMs?: number;
}

/**
 * Whether a request of the past would have been admitted by this policy; gives back what a refund does, and returns false
 * then. Each subject's come in the order of time.
 */
export type DecideOnPast = (request: PastRequest, policy: Policy) => boolean;

/** What other policies would have changed for one policy's requests. */
export interface PolicyDifference {
  readonly policy: string;
  readonly requestCount: number;
  /** What was answered. */
  readonly deniedCount: number;
  /** What would have been answered; undefined if the other policies have none of that name. */
  readonly wouldDenyCount: number | undefined;
  /** Requests that were admitted and would be denied, by subject. */
  readonly newlyDenied: ReadonlyMap<string, number>;
  /** Requests that were denied and would be admitted, by subject. */
  readonly newlyAdmitted: ReadonlyMap<string, number>;
}

/** All that was played, and what it comes to. */
export interface ReplayResult {
  readonly firstMs: number | undefined;
  readonly lastMs: number | undefined;
  readonly differences: readonly PolicyDifference[];
}

type Tally = { -readonly [Key in keyof PolicyDifference]: PolicyDifference[Key] } & {
  newlyDenied: Map<string, number>;
  newlyAdmitted: Map<string, number>;
};

/** Plays requests of the past against other policies. Each subject's requests must come in the order of time. */
export async function replay(
  requests: AsyncIterable<PastRequest>,
  candidate: Policies,
  decide: DecideOnPast,
): Promise<ReplayResult> {
  const tallies = new Map<string, Tally>();
  let firstMs: number | undefined;
  let lastMs: number | undefined;
  for await (const request of requests) {
    firstMs = Math.min(firstMs ?? request.timeMs, request.timeMs);
    lastMs = Math.max(lastMs ?? request.timeMs, request.timeMs);
    const policy = candidate.byName.get(request.policy);
    if (request.refundedTimeMs !== undefined) {
      if (policy !== undefined) decide(request, policy);
      continue;
    }
    const tally = tallies.get(request.policy) ?? newTally(request.policy);
    tallies.set(request.policy, tally);
    count(tally, request, policy && decide(request, policy));
  }
  return { firstMs, lastMs, differences: [...tallies.values()] };
}

function newTally(policy: string): Tally {
  const none = { requestCount: 0, deniedCount: 0, wouldDenyCount: undefined };
  return { policy, ...none, newlyDenied: new Map(), newlyAdmitted: new Map() };
}

function count(tally: Tally, { subject, admitted }: PastRequest, wouldAdmit: boolean | undefined): void {
  tally.requestCount += 1;
  if (!admitted) tally.deniedCount += 1;
  if (wouldAdmit === undefined) return;
  tally.wouldDenyCount = (tally.wouldDenyCount ?? 0) + (wouldAdmit ? 0 : 1);
  if (wouldAdmit === admitted) return;
  const changed = wouldAdmit ? tally.newlyAdmitted : tally.newlyDenied;
  changed.set(subject, (changed.get(subject) ?? 0) + 1);
}
