import { Spoiled } from '../bench';
import type { ClosedOrder, ClosedResult } from '../load/orders';
import { cpuUsOf } from '../processes/cpu';
import type { BenchRedis } from '../processes/redis';
import type { Generator } from './generator';

/** What one decision took of the processors, in microseconds. */
export interface Cost {
  readonly serverUs: number;
  readonly redisUs: number;
  readonly clientUs: number;
  readonly perSecond: number;
  readonly result: ClosedResult;
}

/** Loads a server, and measures the processor time of all that take part. Throws `Spoiled` if calls fail: they cost less. */
export async function costOf(
  generator: Generator,
  order: Omit<ClosedOrder, 'kind'>,
  { serverPid, redis }: { serverPid: number; redis?: BenchRedis },
): Promise<Cost> {
  const before = { serverUs: cpuUsOf(serverPid), redisUs: (await redis?.cpuUs()) ?? 0 };
  const result = await generator.closed(order);
  const after = { serverUs: cpuUsOf(serverPid), redisUs: (await redis?.cpuUs()) ?? 0 };
  const { decisions, failed, cpuUs, elapsedMs } = result;
  if (decisions === 0 || failed > decisions / 100)
    throw new Spoiled(`${failed} calls failed beside ${decisions} decisions, so nothing is measured`);
  return {
    serverUs: (after.serverUs - before.serverUs) / decisions,
    redisUs: (after.redisUs - before.redisUs) / decisions,
    clientUs: cpuUs / decisions,
    perSecond: decisions / (elapsedMs / 1000),
    result,
  };
}
