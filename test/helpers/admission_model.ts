import type { Limit } from '../../daemon/quota/limits';

/**
 * The reference: limits in the plainest form that can be right, slow and in one process. It keeps every taking, and
 * counts in fractions that stay exact: a token bucket's level in tokens times its window.
 */
export interface ModelLimit {
  readonly limit: Limit;
  free(nowUs: number): number;
  /** The first moment from `nowUs` on at which `cost` tokens are free; undefined where that never comes. */
  freeAtUs(cost: number, nowUs: number): number | undefined;
  resetAtUs(nowUs: number): number;
  take(cost: number, nowUs: number): void;
}

export function modelOf(limit: Limit): ModelLimit {
  return limit.algorithm === 'sliding-window' ? slidingWindow(limit) : tokenBucket(limit);
}

/** Every token is a moment: it is out until one window later. */
function slidingWindow(limit: Limit): ModelLimit {
  const windowUs = limit.windowMs * 1000;
  const taken: number[] = [];
  const out = (nowUs: number) => taken.filter((takenUs) => takenUs + windowUs > nowUs);
  return {
    limit,
    free: (nowUs) => limit.limit - out(nowUs).length,
    freeAtUs(cost, nowUs) {
      const moments = [nowUs, ...out(nowUs).map((takenUs) => takenUs + windowUs)];
      return moments.find((moment) => limit.limit - out(moment).length >= cost);
    },
    resetAtUs: (nowUs) => Math.max(nowUs, ...out(nowUs).map((takenUs) => takenUs + windowUs)),
    take(cost, nowUs) {
      for (let token = 0; token < cost; token += 1) taken.push(nowUs);
    },
  };
}

/** The level is kept in tokens × window, as a BigInt: a microsecond adds `limit` to it, a token takes `windowUs`. */
function tokenBucket(limit: Limit): ModelLimit {
  const windowUs = BigInt(limit.windowMs) * 1000n;
  const perUs = BigInt(limit.limit);
  const full = perUs * windowUs;
  let level = full;
  let atUs = 0n;

  function levelAt(nowUs: number): bigint {
    const grown = level + (BigInt(nowUs) - atUs) * perUs;
    return grown < full ? grown : full;
  }

  function reaches(target: bigint, nowUs: number): number {
    const missing = target - levelAt(nowUs);
    return missing <= 0n ? nowUs : nowUs + Number((missing + perUs - 1n) / perUs);
  }

  return {
    limit,
    free: (nowUs) => Number(levelAt(nowUs) / windowUs),
    freeAtUs: (cost, nowUs) => (cost > limit.limit ? undefined : reaches(BigInt(cost) * windowUs, nowUs)),
    resetAtUs: (nowUs) => reaches(full, nowUs),
    take(cost, nowUs) {
      level = levelAt(nowUs) - BigInt(cost) * windowUs;
      atUs = BigInt(nowUs);
    },
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
  const moments = limits.map((model) => model.freeAtUs(cost, nowUs));
  const admitted = moments.every((moment) => moment === nowUs);
  if (admitted) for (const model of limits) model.take(cost, nowUs);
  const isHopeless = moments.some((moment) => moment === undefined);
  return {
    admitted,
    retryDelayUs:
      admitted || isHopeless ? undefined : Math.max(...moments.map((moment) => (moment ?? 0) - nowUs)),
    limits: limits.map((model) => ({
      name: model.limit.name,
      remaining: model.free(nowUs),
      resetDelayUs: model.resetAtUs(nowUs) - nowUs,
      nextDelayUs: nextDelayUs(model, nowUs),
    })),
  };
}

/** Until one more than now is free. */
function nextDelayUs(model: ModelLimit, nowUs: number): number {
  const free = model.free(nowUs);
  return free === model.limit.limit ? 0 : (model.freeAtUs(free + 1, nowUs) ?? Number.NaN) - nowUs;
}
