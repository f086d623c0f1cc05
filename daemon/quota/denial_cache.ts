import { LRUCache } from 'lru-cache';
import type { Admission, Answer, Decision, LimitStatus } from './admission';
import type { Policy } from './policies';
import { ID_BYTES, writeRequestId } from './request_id';
import type { Asked } from './store';

/** A decision of the store, and the request ids that it knows of a denied subject; undefined if it did not list them. */
export interface Judgement {
  readonly decision: Decision;
  readonly knownIds: readonly Buffer[] | undefined;
}

export interface DenialCache {
  /** Decides from remembered denials, and asks the store about all others in one call. */
  decideAll(asked: readonly Asked[], ask: Ask): Promise<readonly Answer[]>;
  /** Forgets the denials of a subject. */
  forget(subject: string): void;
}

/** Asks the store. Never throws: an error takes the place of the judgement that it concerns. */
type Ask = (asked: readonly Asked[]) => Promise<readonly (Judgement | Error)[]>;

/** Admissions that wait for a renewing call. */
type Renewal = (() => void)[];

export interface DenialCacheOptions {
  readonly nowMs?: () => number;
  /** Called for each denial made without asking the store. */
  readonly onCached: (policy: string) => void;
}

/** The longest time that a denial is remembered, and so the delay of the answer to an operator's change. */
const MAX_CACHED_MS = 250;

/** By how much the timers and clocks of two machines may differ over so short a time. */
const MARGIN_MS = 10;

/** A daemon that denies by what it remembers does so until this long after the store would not any more. */
export const REMEMBERED_DENIAL_MS = MAX_CACHED_MS + MARGIN_MS;

/** About 20 MB, if each lists as many ids as it may. */
const MAX_ENTRIES = 10_000;

const US_PER_MS = 1000;

interface Denial {
  readonly policy: Policy;
  readonly decision: Decision;
  /** The request ids that the store knows, one after the other; undefined if it did not list them. */
  readonly ids: Buffer | undefined;
  /** When the decision was received: a little after it was made, so that no caller retries too early. */
  readonly heardMs: number;
  readonly endMs: number;
  /** The call that asks the store again after the end; others wait for it, so that one subject asks once. */
  renewal: Renewal | undefined;
}

/**
 * Repeats recent denials without the store, and still exactly: only for subjects with nothing remaining in a limit, until
 * its next token at the latest, and only for requests that cannot be repeats of admitted ones. Time runs on a monotonic
 * clock from before the request to the store.
 *
 * Of a cached denial the verdict and a `remaining` of 0 are exact, and the delays and the time of the decision are
 * computed. A limit that had something remaining is shown as it was, at most 250 ms ago.
 */
export function createDenialCache({
  nowMs = () => performance.now(),
  onCached,
}: DenialCacheOptions): DenialCache {
  const denials = new LRUCache<string, Denial>({ max: MAX_ENTRIES });

  function find(admission: Admission, denial: Denial): Decision | undefined {
    const ms = nowMs();
    if (ms >= denial.endMs || !isNewRequest(admission, denial)) return undefined;
    onCached(admission.policy);
    return agedBy(denial.decision, (ms - denial.heardMs) * US_PER_MS);
  }

  /** What is remembered of a subject. A reload makes new policies, even if they look the same. */
  function lookUp({ admission, policy }: Asked): Denial | undefined {
    if (denials.size === 0) return undefined;
    const denial = denials.get(keyOf(admission));
    return denial?.policy === policy ? denial : undefined;
  }

  function remember({ admission, policy }: Asked, { decision, knownIds }: Judgement, askedMs: number): void {
    const lifeMs = Math.min(MAX_CACHED_MS, emptyForUs(decision, admission.cost) / US_PER_MS);
    if (lifeMs <= 0) return;
    denials.set(keyOf(admission), {
      policy,
      decision,
      ids: knownIds && Buffer.concat(knownIds),
      heardMs: nowMs(),
      endMs: askedMs + lifeMs,
      renewal: undefined,
    });
  }

  async function askStore(asked: readonly Asked[], ask: Ask): Promise<Answer[]> {
    const askedMs = nowMs();
    const judgements = await ask(asked);
    return judgements.map((judgement, index) => {
      if (judgement instanceof Error) return judgement;
      remember(asked[index] as Asked, judgement, askedMs);
      return judgement.decision;
    });
  }

  /** Decides after another call has asked again. It may have failed, or found something else. */
  async function decideAfter(renewal: Renewal, asked: Asked, ask: Ask): Promise<Answer> {
    await new Promise<void>((resolve) => renewal.push(resolve));
    const renewed = lookUp(asked);
    const found = renewed && find(asked.admission, renewed);
    if (found !== undefined) return found;
    const [answer] = await askStore([asked], ask);
    return answer as Answer;
  }

  return {
    async decideAll(asked, ask) {
      const open: Asked[] = [];
      const renewed: Denial[] = [];
      let isWaiting = false;
      // An answer that is undefined is that of the next one that is open.
      const answers = asked.map((each) => {
        const known = lookUp(each);
        const found = known && find(each.admission, known);
        if (found !== undefined) return found;
        if (known?.renewal !== undefined) {
          isWaiting = true;
          return decideAfter(known.renewal, each, ask);
        }
        if (known !== undefined && nowMs() >= known.endMs) {
          known.renewal = [];
          renewed.push(known);
        }
        open.push(each);
        return undefined;
      });
      const judged = open.length === 0 ? [] : await askStore(open, ask);
      for (const denial of renewed) endRenewal(denial);
      let next = 0;
      const all = answers.map((answer) => answer ?? (judged[next++] as Answer));
      return isWaiting ? Promise.all(all) : (all as Answer[]);
    },

    forget(subject) {
      for (const key of denials.keys()) if (subjectOf(key) === subject) denials.delete(key);
    },
  };
}

/** Resumes those that have waited. */
function endRenewal(denial: Denial): void {
  for (const goOn of denial.renewal ?? []) goOn();
  denial.renewal = undefined;
}

/** The retry delay depends on the cost. */
function keyOf({ cost, policy, subject }: Admission): string {
  return `${cost}:${policy}:${subject}`;
}

function subjectOf(key: string): string {
  return key.split(':').slice(2).join(':');
}

/**
 * Returns what resolves once no daemon denies by what it had remembered before: to be awaited after an operator's change
 * took effect, and before the operator is answered. If denials are not remembered, that is at once.
 */
export function afterCaches(isCachingDenials: boolean): () => Promise<void> {
  if (!isCachingDenials) return () => Promise.resolve();
  return () => new Promise((resolve) => setTimeout(resolve, REMEMBERED_DENIAL_MS));
}

/** Serves one search after the other. */
const sought = Buffer.alloc(ID_BYTES);

/** Whether a request cannot be one that was admitted before. While nothing remains, no id is added to those known. */
function isNewRequest({ requestId }: Admission, { policy, ids }: Denial): boolean {
  if (requestId === undefined || policy.rememberMs === 0) return true;
  if (ids === undefined) return false;
  writeRequestId(sought, 0, requestId);
  let at = ids.indexOf(sought);
  while (at >= 0 && at % ID_BYTES !== 0) at = ids.indexOf(sought, at + 1);
  return at < 0;
}

/** How long a subject will certainly have nothing remaining in some limit; 0 if unknown. */
function emptyForUs({ admitted, limits, retryDelayUs }: Decision, cost: number): number {
  if (admitted) return 0;
  const denying = limits.filter(({ shadow, remaining }) => !shadow && remaining < cost);
  // The retry delay is that of the only limit that denies, and accounts for the end of its override.
  const untilChangeUs = denying.length === 1 ? (retryDelayUs ?? Number.POSITIVE_INFINITY) : 0;
  const empty = denying.filter(({ remaining }) => remaining === 0);
  return Math.max(0, ...empty.map((status) => emptyLimitUs(status, untilChangeUs)));
}

function emptyLimitUs({ limit, nextDelayUs, overridden }: LimitStatus, untilChangeUs: number): number {
  // Nothing ever comes back to a limit of 0.
  const untilNextUs = limit === 0 ? Number.POSITIVE_INFINITY : nextDelayUs;
  return overridden ? Math.min(untilNextUs, untilChangeUs) : untilNextUs;
}

function agedBy(decision: Decision, us: number): Decision {
  const elapsedUs = Math.floor(us);
  const left = (delayUs: number) => Math.max(0, delayUs - elapsedUs);
  const { limits, retryDelayUs, decidedUs } = decision;
  return {
    ...decision,
    decidedUs: decidedUs + elapsedUs,
    retryDelayUs: retryDelayUs === undefined ? undefined : left(retryDelayUs),
    limits: limits.map((status) => ({
      ...status,
      resetDelayUs: left(status.resetDelayUs),
      nextDelayUs: left(status.nextDelayUs),
    })),
  };
}
