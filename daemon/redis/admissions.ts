import type { Redis } from 'ioredis';
import type { Admission, Decision, LimitStatus } from '../quota/admission';
import { InvalidRequest } from '../quota/errors';
import { bucketUnits, type Limit } from '../quota/limits';
import type { Policy } from '../quota/policies';
import { DEFAULT_TOP_WINDOW_MS, MAX_LIST_COUNT } from '../quota/usage';
import type { Keys } from './keys';
import { LOG_KEPT_MS, REQUEST_REMEMBERED_MS } from './retention';
import { loadScript, runScript } from './scripts';

const admitScript = loadScript('admit', { uses: ['sliding_window', 'token_bucket', 'connections'] });

const US_PER_MS = 1000;

type AdmitReply = [
  verdict: number,
  retryDelayUs: number,
  mayBeNew: number,
  nowUs: number,
  statuses: (string | number)[],
];

/** A decision, and what the store has still to do because of it. */
export interface AdmissionResult {
  readonly decision: Decision;
  /** The subject may be unknown to the record of calls. */
  readonly mayBeNew: boolean;
  /** When it was decided, by Redis's clock. */
  readonly nowUs: number;
}

/** Decides on one admission in one round trip, and records the connection where the policy asks for it. */
export async function admit(
  { redis, keys }: { redis: Redis; keys: Keys },
  admission: Admission,
  policy: Policy,
): Promise<AdmissionResult> {
  const reply = (await runScript(redis, admitScript, {
    keys: admissionKeys(keys, admission, policy),
    args: admissionArguments(admission, policy),
  })) as AdmitReply;
  const [verdict, retryDelayUs, mayBeNew, nowUs, statuses] = reply;
  if (verdict < 0) throw reusedRequestId('cost');
  const decision = {
    admitted: verdict === 1,
    limits: readStatuses(statuses),
    retryDelayUs: retryDelayUs < 0 ? undefined : retryDelayUs,
  };
  return { decision, mayBeNew: mayBeNew === 1, nowUs };
}

/** A request id names one request for ten minutes; what differs tells the caller which rule was broken. */
export function reusedRequestId(what: string): InvalidRequest {
  return new InvalidRequest([
    { field: 'request_id', description: `was used in the last 10 minutes with another ${what}` },
  ]);
}

function admissionKeys(keys: Keys, { subject, requestId }: Admission, policy: Policy): string[] {
  const memory = keys.admission(policy.name, subject, requestId ?? '');
  const limits = policy.limits.map(({ name }) => keys.limit(policy.name, name, subject));
  if (!policy.recordsConnections) return [memory, ...limits];
  const { log, recent, newcomers, counts, progress } = keys.connections(keys.partitionOf(subject));
  const window = DEFAULT_TOP_WINDOW_MS;
  return [memory, ...limits, log, recent, newcomers, counts(window), progress(window)];
}

function admissionArguments({ subject, cost, requestId }: Admission, policy: Policy): (string | number)[] {
  const rememberedMs = requestId === undefined ? 0 : REQUEST_REMEMBERED_MS;
  const limits = policy.limits.flatMap(limitArguments);
  const record = policy.recordsConnections ? [LOG_KEPT_MS, DEFAULT_TOP_WINDOW_MS, MAX_LIST_COUNT] : [];
  return [subject, cost, rememberedMs, policy.limits.length, ...limits, ...record];
}

function limitArguments(limit: Limit): (string | number)[] {
  const { name, algorithm, limit: size, windowMs } = limit;
  const { unitsPerToken, unitsPerUs } =
    limit.algorithm === 'token-bucket' ? bucketUnits(limit) : { unitsPerToken: 0, unitsPerUs: 0 };
  return [name, algorithm, size, windowMs * US_PER_MS, unitsPerToken, unitsPerUs];
}

function readStatuses(flat: readonly (string | number)[]): LimitStatus[] {
  const statuses: LimitStatus[] = [];
  for (let at = 0; at < flat.length; at += 5) {
    const [name, limit, remaining, windowUs, resetDelayUs] = flat.slice(at, at + 5);
    statuses.push({
      name: String(name),
      limit: Number(limit),
      remaining: Number(remaining),
      windowUs: Number(windowUs),
      resetDelayUs: Number(resetDelayUs),
    });
  }
  return statuses;
}
