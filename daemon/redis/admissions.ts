import type { Redis } from 'ioredis';
import type { Admission, Decision } from '../quota/admission';
import { InvalidRequest } from '../quota/errors';
import type { Policy } from '../quota/policies';
import { DEFAULT_TOP_WINDOW_MS, MAX_LIST_COUNT } from '../quota/usage';
import type { Keys } from './keys';
import { LIMIT_PIECES, limitArguments, limitKeys, readStatuses, type StatusReply } from './limit_arguments';
import { DECISION_HOURS_KEPT_MS, DECISIONS_KEPT, LOG_KEPT_MS, REQUEST_REMEMBERED_MS } from './retention';
import { loadScript, runScript } from './scripts';

const admitScript = loadScript('admit', { uses: [...LIMIT_PIECES, 'connections'] });

type AdmitReply = [
  verdict: number,
  retryDelayUs: number,
  mayBeNew: number,
  nowUs: number,
  statuses: StatusReply,
  nextDelaysUs: number[],
];

/** A decision, and what the store has still to do because of it. */
export interface AdmissionResult {
  readonly decision: Decision;
  /** The subject may be unknown to the record of calls. */
  readonly mayBeNew: boolean;
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
  const [verdict, retryDelayUs, mayBeNew, nowUs, statuses, nextDelaysUs] = reply;
  if (verdict < 0) throw reusedRequestId('10 minutes', 'cost');
  const decision = {
    admitted: verdict === 1,
    limits: readStatuses(statuses, nextDelaysUs),
    retryDelayUs: retryDelayUs < 0 ? undefined : retryDelayUs,
    decidedUs: nowUs,
  };
  return { decision, mayBeNew: mayBeNew === 1 };
}

/** A request id names one request for a time; what differs tells the caller which rule was broken. */
export function reusedRequestId(time: string, what: string): InvalidRequest {
  return new InvalidRequest([
    { field: 'request_id', description: `was used in the last ${time} with another ${what}` },
  ]);
}

function admissionKeys(keys: Keys, { subject, requestId }: Admission, policy: Policy): string[] {
  const partition = keys.partitionOf(subject);
  const memory = keys.admission(policy.name, subject, requestId ?? '');
  const decisions = [keys.decisions(partition), keys.decisionsByHour(partition)];
  const common = [memory, ...decisions, keys.overrides(partition)];
  const limits = limitKeys(keys, policy, subject);
  if (!policy.recordsConnections) return [...common, ...limits];
  const { log, recent, newcomers, counts, progress } = keys.connections(partition);
  const window = DEFAULT_TOP_WINDOW_MS;
  return [...common, ...limits, log, recent, newcomers, counts(window), progress(window)];
}

function admissionArguments({ subject, cost, requestId }: Admission, policy: Policy): (string | number)[] {
  const rememberedMs = requestId === undefined ? 0 : REQUEST_REMEMBERED_MS;
  const record = policy.recordsConnections ? [DEFAULT_TOP_WINDOW_MS, MAX_LIST_COUNT] : [];
  const common = [subject, policy.name, cost, rememberedMs];
  const decisions = [LOG_KEPT_MS, DECISIONS_KEPT, DECISION_HOURS_KEPT_MS];
  return [...common, ...decisions, ...limitArguments(policy), ...record];
}
