import type { AuditedChange, Auditing } from '../quota/auditing';
import { InvalidRequest } from '../quota/errors';

/** Changes that are kept: as many as on Redis, about. */
const KEPT_CHANGES = 10_000;

const US_PER_MS = 1000;

interface Kept {
  /** Counts up from 1. */
  readonly number: number;
  readonly change: AuditedChange;
}

/** The trail of changes, in this process. */
export function createMemoryAuditing(nowUs: () => number): Auditing {
  const kept: Kept[] = [];
  let lastNumber = 0;

  return {
    async record(change) {
      lastNumber += 1;
      kept.push({ number: lastNumber, change: { ...change, timeMs: Math.floor(nowUs() / US_PER_MS) } });
      if (kept.length > KEPT_CHANGES) kept.shift();
    },

    async list({ pageSize, pageToken }) {
      const before = readPageToken(pageToken);
      const wanted = kept.filter(({ number }) => number < before).reverse();
      const page = wanted.slice(0, pageSize);
      const last = wanted.length > page.length ? page.at(-1) : undefined;
      return { entries: page.map(({ change }) => change), nextPageToken: last && String(last.number) };
    },
  };
}

function readPageToken(token: string | undefined): number {
  if (token === undefined) return Number.POSITIVE_INFINITY;
  if (/^[0-9]{1,15}$/.test(token)) return Number(token);
  throw new InvalidRequest([
    { field: 'page_token', description: 'must be the next_page_token of a page before' },
  ]);
}
