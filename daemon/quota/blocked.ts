import { type LimitStatus, tightestFirst } from './admission';
import type { DeniedSubject } from './denied';
import type { Policy } from './policies';
import type { QuotaStore } from './store';

/** A subject that a policy would deny now. */
export interface BlockedSubject extends DeniedSubject {
  readonly policy: string;
  /** The tightest first. */
  readonly limits: readonly LimitStatus[];
}

export interface BlockedList {
  /** The latest denial first. */
  readonly blocked: readonly BlockedSubject[];
  /** There may be more. */
  readonly isPartial: boolean;
}

/** Subjects that are looked at for one answer: reading each costs the store some 30 microseconds. */
const MOST_LOOKED_AT = 500;

/** Subjects that are read together. */
const STEP = 50;

interface Candidate extends DeniedSubject {
  readonly policy: Policy;
}

/** Lists who is blocked now, of those that were denied lately: each is read again. */
export async function listBlocked(
  store: Pick<QuotaStore, 'listDenied' | 'readQuota'>,
  { policies, maxCount }: { policies: readonly Policy[]; maxCount: number },
): Promise<BlockedList> {
  const lists = await Promise.all(
    policies.map(async (policy) => {
      const denied = await store.listDenied(policy.name, MOST_LOOKED_AT + 1);
      return denied.map((each): Candidate => ({ ...each, policy }));
    }),
  );
  const latest = lists.flat().sort((a, b) => b.denyTimeMs - a.denyTimeMs);
  const candidates = latest.slice(0, MOST_LOOKED_AT);
  const blocked: BlockedSubject[] = [];
  for (let at = 0; at < candidates.length && blocked.length <= maxCount; at += STEP) {
    const read = await Promise.all(candidates.slice(at, at + STEP).map((each) => look(store, each)));
    blocked.push(...read.filter((each) => each !== undefined));
  }
  const isPartial = blocked.length > maxCount || latest.length > candidates.length;
  return { blocked: blocked.slice(0, maxCount), isPartial };
}

async function look(
  store: Pick<QuotaStore, 'readQuota'>,
  { policy, subject, denyTimeMs }: Candidate,
): Promise<BlockedSubject | undefined> {
  const limits = tightestFirst(await store.readQuota(subject, policy));
  const isBlocked = limits.some(({ shadow, remaining }) => !shadow && remaining < 1);
  return isBlocked ? { subject, denyTimeMs, policy: policy.name, limits } : undefined;
}
