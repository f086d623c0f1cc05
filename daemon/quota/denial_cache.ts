import { LRUCache } from 'lru-cache';
import type { Admission, Decision, LimitStatus } from './admission';
import type { Policy } from './policies';

/** A decision of the store, and the request ids that it knows of a denied subject; undefined if it did not list them. */
export interface Judgement {
  readonly decision: Decision;
  readonly knownIds: readonly Buffer[] | undefined;
}

export interface DenialCache {
  /** Decides by what is remembered, or else asks the store. Throws as `ask` does. */
  decide(admission: Admission, policy: Policy, ask: () => Promise<Judgement>): Promise<Decision>;
}

export interface DenialCacheOptions {
  readonly nowMs?: () => number;
  /** Is called for each denial that the store was not asked for. */
  readonly onCached: (policy: string) => void;
}

/** The longest that a denial is remembered: so much later operators are answered about what they have changed. */
const MAX_CACHED_MS = 250;

/** By how much the timers and clocks of two machines may differ over so short a time. */
const MARGIN_MS = 10;

/** About 20 MB, if each lists as many ids as it may. */
const MAX_ENTRIES = 10_000;

const ID_BYTES = 16;
const US_PER_MS = 1000;

interface Denial {
  readonly policy: Policy;
  readonly decision: Decision;
  /** The request ids that the store knows, one after the other; undefined if it did not list them. */
  readonly ids: Buffer | undefined;
  /** When the decision was heard: a little after it was made, so that no caller is sent back too early. */
  readonly heardMs: number;
  readonly endMs: number;
  /** The call that looks anew after the end; others wait for it, so that one subject asks the store once. */
  renewal: Promise<unknown> | undefined;
}

/**
 * Denies again what was denied just now, without the store, and yet exactly: only subjects of which a limit has nothing
 * remaining, until its next token at the latest, and only requests that cannot be repeats of admitted ones. Time runs
 * on a monotonic clock from before the asking.
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

  function remember(key: string, judgement: Judgement, { admission, policy, askedMs }: Asked): Decision {
    const { decision, knownIds } = judgement;
    const lifeMs = Math.min(MAX_CACHED_MS, emptyForUs(decision, admission.cost) / US_PER_MS);
    if (lifeMs > 0) {
      denials.set(key, {
        policy,
        decision,
        ids: knownIds && Buffer.concat(knownIds),
        heardMs: nowMs(),
        endMs: askedMs + lifeMs,
        renewal: undefined,
      });
    }
    return decision;
  }

  function askAnew(
    key: string,
    { admission, policy, ask }: { admission: Admission; policy: Policy; ask: () => Promise<Judgement> },
  ): Promise<Decision> {
    const askedMs = nowMs();
    return ask().then((judgement) => remember(key, judgement, { admission, policy, askedMs }));
  }

  async function renew(
    key: string,
    known: Denial,
    asking: { admission: Admission; policy: Policy; ask: () => Promise<Judgement> },
  ): Promise<Decision> {
    const { admission, policy } = asking;
    if (known.renewal === undefined) {
      const renewal = askAnew(key, asking);
      known.renewal = renewal.catch(() => undefined);
      return renewal;
    }
    await known.renewal;
    const renewed = denials.get(key);
    const found = renewed?.policy === policy ? find(admission, renewed) : undefined;
    return found ?? askAnew(key, asking);
  }

  return {
    decide(admission, policy, ask) {
      // The retry delay depends on the cost.
      const key = `${admission.cost}:${admission.policy}:${admission.subject}`;
      const known = denials.get(key);
      // A reload makes new policies, even if they look the same.
      if (known === undefined || known.policy !== policy) return askAnew(key, { admission, policy, ask });
      const cached = find(admission, known);
      if (cached !== undefined) return Promise.resolve(cached);
      if (nowMs() < known.endMs) return ask().then(({ decision }) => decision);
      return renew(key, known, { admission, policy, ask });
    },
  };
}

interface Asked {
  readonly admission: Admission;
  readonly policy: Policy;
  readonly askedMs: number;
}

/**
 * Returns what resolves once no daemon denies by what it had remembered before: to be awaited after an operator's change
 * took effect, and before the operator is answered. If denials are not remembered, that is at once.
 */
export function afterCaches(isCachingDenials: boolean): () => Promise<void> {
  if (!isCachingDenials) return () => Promise.resolve();
  return () => new Promise((resolve) => setTimeout(resolve, MAX_CACHED_MS + MARGIN_MS));
}

/** Whether a request cannot be one that was admitted before. While nothing remains, no id is added to those known. */
function isNewRequest({ requestId }: Admission, { policy, ids }: Denial): boolean {
  if (requestId === undefined || policy.rememberMs === 0) return true;
  if (ids === undefined) return false;
  const id = Buffer.from(requestId.replaceAll('-', ''), 'hex');
  let at = ids.indexOf(id);
  while (at >= 0 && at % ID_BYTES !== 0) at = ids.indexOf(id, at + 1);
  return at < 0;
}

/** For how long a subject will certainly have nothing remaining of some limit; 0 if that is not known. */
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
