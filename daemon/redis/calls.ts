import type { Redis } from 'ioredis';
import type { ServiceCall, ServiceUsage, UserCount } from '../quota/usage';
import { translateFailure } from './failures';
import type { Keys } from './keys';
import { reusedRequestId } from './limits/admit';
import { pairs } from './pairs';
import { CALL_REMEMBERED_MS, LOG_KEPT_MS } from './retention';
import { loadScript, runScript } from './scripts';

const recordCallScript = loadScript('record_call', { uses: ['clock'] });

/** Records one call; false where its request id was recorded before. */
export async function recordCall(
  { calls, keys }: { calls: Redis; keys: Keys },
  { subject, service, requestId, callTimeMs }: ServiceCall,
): Promise<boolean> {
  const { log, bySubject, byService } = keys.calls(keys.partitionOf(subject));
  const rememberedMs = requestId === undefined ? 0 : CALL_REMEMBERED_MS;
  const recorded = await runScript(calls, recordCallScript, {
    keys: [keys.call(subject, requestId ?? ''), log, bySubject, byService],
    args: [subject, service, callTimeMs ?? '', rememberedMs, LOG_KEPT_MS],
  });
  if (recorded === -1) throw reusedRequestId('24 hours', 'service');
  return recorded === 1;
}

/**
 * The subjects with the fewest calls of one partition, the calls of each service there, and those of one subject: 0
 * where it has none there, or nobody was asked for.
 */
export async function readCalls(
  { calls, keys }: { calls: Redis; keys: Keys },
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
