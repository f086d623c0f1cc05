import { InvalidRequest } from '../quota/errors';
import type { NewOverride, Override, OverridePage, OverrideQuery, OverrideTarget } from '../quota/overrides';
import { type BoundedRaise, lessens } from '../quota/raises';

const US_PER_MS = 1000;

/** The sizes that operators have set for single subjects. */
export interface Overrides {
  /** Sets one, or replaces it; undefined if its end has passed. */
  set(override: NewOverride, nowUs: number): Override | undefined;
  /** Sets one for a time; undefined if it would lessen one that holds. */
  raise(raise: BoundedRaise, nowUs: number): Override | undefined;
  /** Removes one; false if there was none. */
  clear(target: OverrideTarget): boolean;
  /** The one that holds, if there is one. */
  find(target: OverrideTarget, nowUs: number): Override | undefined;
  /** A page of those that hold, in the order in which they were first set. */
  list(query: OverrideQuery, nowUs: number): OverridePage;
  erase(subject: string): void;
}

interface Kept {
  readonly override: Override;
  /** Its place in the list, which does not change as long as it is there. */
  readonly place: number;
}

export function createOverrides(): Overrides {
  const kept = new Map<string, Kept>();
  let lastPlace = 0;

  function find(target: OverrideTarget, nowUs: number): Override | undefined {
    if (kept.size === 0) return undefined;
    const override = kept.get(keyOf(target))?.override;
    return override === undefined || hasEnded(override, nowUs) ? undefined : override;
  }

  function set(override: NewOverride, nowUs: number): Override | undefined {
    const setTimeMs = Math.floor(nowUs / US_PER_MS);
    const { expireTimeMs } = override;
    if (expireTimeMs !== undefined && expireTimeMs <= setTimeMs) return undefined;
    const key = keyOf(override);
    const place = kept.get(key)?.place ?? ++lastPlace;
    const held = { ...override, setTimeMs };
    kept.set(key, { override: held, place });
    return held;
  }

  return {
    find,
    set,

    raise(raise, nowUs) {
      const { configuredLimit, durationMs, ...override } = raise;
      const expireTimeMs = Math.floor(nowUs / US_PER_MS) + durationMs;
      const held = find(raise, nowUs);
      if (held !== undefined && lessens(held, raise, expireTimeMs)) return undefined;
      return set({ ...override, expireTimeMs }, nowUs);
    },

    clear: (target) => kept.delete(keyOf(target)),

    erase(subject) {
      for (const [key, { override }] of kept) if (override.subject === subject) kept.delete(key);
    },

    list({ subject, pageSize, pageToken }, nowUs) {
      const after = readPageToken(pageToken);
      // Nobody may ever ask for those subjects again.
      for (const [key, { override }] of kept) if (hasEnded(override, nowUs)) kept.delete(key);
      const wanted = [...kept.values()].filter(
        ({ override, place }) => place > after && (subject === undefined || subject === override.subject),
      );
      const page = wanted.slice(0, pageSize);
      const last = wanted.length > page.length ? page.at(-1) : undefined;
      return {
        overrides: page.map(({ override }) => override),
        nextPageToken: last && String(last.place),
      };
    },
  };
}

/** Policies' and limits' names hold no colon. */
function keyOf({ policy, limitName, subject }: OverrideTarget): string {
  return `${policy}:${limitName}:${subject}`;
}

function hasEnded({ expireTimeMs }: Override, nowUs: number): boolean {
  return expireTimeMs !== undefined && expireTimeMs * US_PER_MS <= nowUs;
}

function readPageToken(token: string | undefined): number {
  if (token === undefined) return 0;
  if (/^[0-9]{1,15}$/.test(token)) return Number(token);
  throw new InvalidRequest([
    { field: 'page_token', description: 'must be the next_page_token of a page before' },
  ]);
}
