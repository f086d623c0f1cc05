import type { Limit } from '../../daemon/quota/limits';
import { createLimitModel, type LimitView } from './limit_model';

/** The reference: each limit by the model of its algorithm, in one process. */
export interface ModelLimit {
  readonly limit: Limit;
  at(nowUs: number): LimitView;
}

export function modelOf(limit: Limit): ModelLimit {
  const model = createLimitModel(limit.algorithm);
  return {
    limit,
    at: (nowUs) => model({ size: limit.limit, configured: limit.limit, windowMs: limit.windowMs, nowUs }),
  };
}

/** What the reference expects of one admission at `nowUs`. */
export interface Expected {
  readonly admitted: boolean;
  readonly retryDelayUs: number | undefined;
  readonly limits: { name: string; remaining: number; resetDelayUs: number; nextDelayUs: number }[];
}

/** Takes the cost from every limit, or from none. */
export function admitModel(limits: readonly ModelLimit[], cost: number, nowUs: number): Expected {
  const moments = limits.map((model) => freeAtUs(model, cost, nowUs));
  const admitted = moments.every((moment) => moment === nowUs);
  if (admitted) for (const model of limits) model.at(nowUs).take(cost);
  const isHopeless = moments.some((moment) => moment === undefined);
  return {
    admitted,
    retryDelayUs:
      admitted || isHopeless ? undefined : Math.max(...moments.map((moment) => (moment ?? 0) - nowUs)),
    limits: limits.map((model) => {
      const { free, resetAtUs } = model.at(nowUs);
      const nextUs = free === model.limit.limit ? nowUs : (freeAtUs(model, free + 1, nowUs) ?? Number.NaN);
      return {
        name: model.limit.name,
        remaining: free,
        resetDelayUs: resetAtUs - nowUs,
        nextDelayUs: nextUs - nowUs,
      };
    }),
  };
}

/** The first moment from now on at which the cost is free; undefined if that never comes. */
function freeAtUs({ limit, at }: ModelLimit, cost: number, nowUs: number): number | undefined {
  return cost > limit.limit ? undefined : at(nowUs).freeAtUs(cost);
}
