import { DeadlinePassed, reusedRequestId } from '../../quota/errors';
import { CALL_REMEMBERED_MS } from '../../quota/retention';
import type { ServiceCall, ServiceUsage, UserCount } from '../../quota/usage';
import { translateFailure } from '../failures';
import type { Keys } from '../keys';
import { callFunction } from '../library';
import type { Database } from '../nodes';
import { pack } from '../packing';
import { pairs } from '../pairs';
import { LOG_KEPT_MS, partitionLogBytes } from './retention';

const NO_ID = Buffer.alloc(16);

/** The result for one call: true if it was recorded, false if it had been recorded before, or the error. */
export type Recorded = boolean | Error;

/** One call to be recorded. */
export interface CallEntry extends ServiceCall {
  /** By the store's clock; nothing is recorded after it. Undefined: no deadline. */
  readonly deadlineUs?: number | undefined;
}

/** The result for each call, and when, by the store's clock. */
export interface RecordedReply {
  readonly nowUs: number;
  readonly recorded: readonly Recorded[];
}

/** The record of calls, and the most bytes of its log over all partitions. */
export interface CallRecord {
  readonly calls: Database;
  readonly keys: Keys;
  readonly partitions: number;
  readonly claim: string;
  readonly logBytes: number;
}

/** Records calls of one partition in order, each independently. */
export async function recordCalls(
  { calls, keys, partitions, claim, logBytes }: CallRecord,
  partition: number,
  entries: readonly CallEntry[],
): Promise<RecordedReply> {
  const { log, bySubject, byService } = keys.calls(partition);
  const request = {
    claim,
    entries: entries.map(({ subject, service, callTimeMs, requestId, deadlineUs }) => {
      return [subject, service, callTimeMs ?? -1, requestId === undefined ? 0 : 1, deadlineUs ?? 0];
    }),
    remember_ms: CALL_REMEMBERED_MS,
    keep_log_ms: LOG_KEPT_MS,
    log_bytes: partitionLogBytes(logBytes, partitions),
  };
  const reply = (await callFunction(calls, 'record_calls', {
    keys: [
      ...[keys.control(partition), log, bySubject, byService],
      ...entries.map(({ subject }) => keys.callRequests(subject)),
    ],
    args: [pack(request), Buffer.concat(entries.map(({ requestId }) => toBytes(requestId)))],
  })) as (number | Buffer)[];
  const [nowUs, ...results] = reply;
  return { nowUs: Number(nowUs), recorded: results.map(toRecorded) };
}

function toBytes(requestId: string | undefined): Buffer {
  return requestId === undefined ? NO_ID : Buffer.from(requestId.replaceAll('-', ''), 'hex');
}

function toRecorded(result: number | Buffer): Recorded {
  if (result === 1 || result === 0) return result === 1;
  if (result === -2) return new DeadlinePassed();
  return result === -1 ? reusedRequestId('24 hours', 'service') : new Error(String(result));
}

/**
 * The subjects with the fewest calls of one partition, the calls of each service there, and those of one subject: 0 if it
 * has none there or was not asked for.
 */
export async function readCalls(
  { calls, keys }: { calls: Database; keys: Keys },
  { partition, leastCount, subject }: { partition: number; leastCount: number; subject?: string },
): Promise<{ least: UserCount[]; services: ServiceUsage[]; subjectCount: number }> {
  const { bySubject, byService } = keys.calls(partition);
  try {
    const [least, services, subjectCount] = await Promise.all([
      leastCount === 0 ? [] : calls.zrange(bySubject, 0, `${leastCount - 1}`, 'WITHSCORES'),
      calls.zrange(byService, 0, '-1', 'WITHSCORES'),
      subject === undefined ? null : calls.zscore(bySubject, subject),
    ]);
    return {
      least: pairs(least).map(([subject, count]) => ({ subject, count: Number(count) })),
      services: pairs(services).map(([service, callCount]) => ({ service, callCount: Number(callCount) })),
      subjectCount: Number(subjectCount ?? 0),
    };
  } catch (error) {
    throw translateFailure(error);
  }
}
