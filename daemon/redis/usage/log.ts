import type { PastRequest } from '../../quota/replay';
import { translateFailure } from '../failures';
import type { Keys } from '../keys';
import type { Database } from '../nodes';

/** Entries that one round trip reads. */
const PAGE_SIZE = 1000;

const US_PER_MS = 1000;

type Fields = readonly string[];

/**
 * What the logs still hold since a moment: all admissions, and the sample of denials. One partition and policy after
 * another, each in order of time.
 */
export async function* readPastRequests(
  { redis, keys, partitions }: { redis: Database; keys: Keys; partitions: number },
  { sinceMs, policies }: { sinceMs: number; policies: Iterable<string> },
): AsyncGenerator<PastRequest> {
  const named = [...policies];
  for (let partition = 0; partition < partitions; partition += 1) {
    const logged = await loggedPolicies(redis, keys.usage(partition).state);
    for (const policy of new Set([...named, ...logged])) {
      const read = (key: string, from: number, toRequests: typeof toAdmissions) =>
        readStream({ redis, key, from, sinceMs, policy, toRequests });
      const admitted = read(keys.admissions(partition, policy), sinceMs * US_PER_MS, toAdmissions);
      const denied = read(keys.denials(partition, policy), sinceMs, toDenials);
      yield* merge(admitted, denied);
    }
  }
}

/** The policies whose logs have been folded: some may have left the policies file. */
async function loggedPolicies(redis: Database, state: string): Promise<string[]> {
  const fields = await redis.hkeys(state).catch(fail);
  return fields.flatMap((field) => /^folded:(.+)$/.exec(field)?.[1] ?? []);
}

function fail(error: unknown): never {
  throw translateFailure(error);
}

interface Stream {
  readonly redis: Database;
  readonly key: string;
  readonly from: number;
  readonly sinceMs: number;
  readonly policy: string;
  readonly toRequests: (policy: string, entry: readonly [id: string, fields: Fields]) => PastRequest[];
}

async function* readStream(stream: Stream): AsyncGenerator<PastRequest> {
  const { redis, key, sinceMs, policy, toRequests } = stream;
  let from = String(stream.from);
  let lastMs = sinceMs;
  for (;;) {
    const page = await redis.xrange(key, from, '+', 'COUNT', PAGE_SIZE).catch(fail);
    for (const request of page.flatMap((entry) => toRequests(policy, entry))) {
      if (request.timeMs < sinceMs) continue;
      // A request dated later than now is from before the clock went back.
      if (request.timeMs <= Date.now()) lastMs = Math.max(lastMs, request.timeMs);
      yield { ...request, timeMs: lastMs };
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_SIZE) return;
    from = `(${last[0]}`;
  }
}

/**
 * See `scripts/limits/log.lua`: pairs of subject and cost, after the time if the id's own time is not the entry's. A refund
 * is `-COST@MICROSECOND`.
 */
function toAdmissions(policy: string, [id, fields]: readonly [string, Fields]): PastRequest[] {
  const isFrozen = fields[0] === '';
  const timeMs = Number(isFrozen ? fields[1] : id.split('-')[0]) / US_PER_MS;
  const requests: PastRequest[] = [];
  for (let at = isFrozen ? 2 : 0; at < fields.length; at += 2) {
    const [subject = '', value = ''] = fields.slice(at, at + 2);
    const [cost = '', refundedUs] = value.split('@');
    const refund = refundedUs === undefined ? {} : { refundedTimeMs: Number(refundedUs) / US_PER_MS };
    requests.push({ subject, policy, cost: Math.abs(Number(cost)), timeMs, admitted: true, ...refund });
  }
  return requests;
}

/** See `scripts/usage/denials.lua`: subject and cost, then the time. */
function toDenials(policy: string, [, fields]: readonly [string, Fields]): PastRequest[] {
  const [subject = '', cost, , atUs] = fields;
  return [{ subject, policy, cost: Number(cost), timeMs: Number(atUs) / US_PER_MS, admitted: false }];
}

/** Merges two streams that are in order of time. */
async function* merge(
  one: AsyncGenerator<PastRequest>,
  other: AsyncGenerator<PastRequest>,
): AsyncGenerator<PastRequest> {
  let [first, second] = [await one.next(), await other.next()];
  while (!first.done || !second.done) {
    if (!first.done && (second.done || first.value.timeMs <= second.value.timeMs)) {
      yield first.value;
      first = await one.next();
    } else if (!second.done) {
      yield second.value;
      second = await other.next();
    }
  }
}
