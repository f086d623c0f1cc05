import type { AuditedChange, Auditing, AuditPage, Change } from '../quota/auditing';
import { InvalidRequest } from '../quota/errors';
import { translateFailure } from './failures';
import type { Keys } from './keys';
import type { Database } from './nodes';

/** About how many changes are kept: Redis trims a stream by whole nodes. */
const KEPT_CHANGES = 10_000;

/** The longest value of a request field in the trail, in characters. */
const MAX_FIELD_CHARACTERS = 256;

/** The trail of changes, on one stream. */
export function createAuditing({ redis, keys }: { redis: Database; keys: Keys }): Auditing {
  const { audit } = keys;
  return {
    async record(change) {
      await redis
        .xadd(audit, 'MAXLEN', '~', KEPT_CHANGES, '*', 'change', JSON.stringify(shortened(change)))
        .catch(fail);
    },

    async list({ pageSize, pageToken }): Promise<AuditPage> {
      const page = await redis.xrevrange(audit, startOf(pageToken), '-', 'COUNT', pageSize).catch(fail);
      const last = page.at(-1);
      const isLast = last === undefined || page.length < pageSize;
      return { entries: page.map(readEntry), nextPageToken: isLast ? undefined : last[0] };
    },
  };
}

function shortened(change: Change): Change {
  const fields = Object.entries(change.fields).map(([field, value]) => [
    field,
    value.slice(0, MAX_FIELD_CHARACTERS),
  ]);
  return { ...change, fields: Object.fromEntries(fields) as Change['fields'] };
}

function readEntry([id, [, change = '']]: [id: string, fields: string[]]): AuditedChange {
  return { timeMs: Number(id.split('-')[0]), ...(JSON.parse(change) as Change) };
}

/** A page starts after the last entry of the previous page. */
function startOf(pageToken: string | undefined): string {
  if (pageToken === undefined) return '+';
  // No entry has the id 0-0, and Redis knows of nothing before it.
  if (/^\d{1,16}-\d{1,16}$/.test(pageToken) && !/^0+-0+$/.test(pageToken)) return `(${pageToken}`;
  throw new InvalidRequest([
    { field: 'page_token', description: 'must be the next_page_token of a page before' },
  ]);
}

function fail(error: unknown): never {
  throw translateFailure(error);
}
