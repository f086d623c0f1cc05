import type { AlgorithmName } from '../../daemon/quota/algorithms/registry';

/** The state of one limit for one subject at one moment, in the simplest correct form. */
export interface LimitView {
  /** The tokens that can be taken now. */
  readonly free: number;
  /** The first moment from now on at which `cost`, at most the size, is free. */
  freeAtUs(cost: number): number | undefined;
  readonly resetAtUs: number;
  take(cost: number, requestId?: string): void;
  /** Gives back what a request took then, from what this limit keeps by itself. */
  refund(taken: ModelTaken): void;
}

export interface ModelTaken {
  readonly requestId: string | undefined;
  readonly cost: number;
  readonly atUs: number;
}

interface Moment {
  readonly size: number;
  readonly windowMs: number;
  readonly nowUs: number;
}

/** One limit for one subject: it remembers what was taken. */
export interface LimitModel {
  (moment: Moment): LimitView;
  /** The whole tokens that were missing when it was last taken from; not for a model that remembers each token. */
  missing?(): number;
}

/** The reference of each algorithm: slow and simple. */
const MODELS: Record<AlgorithmName, () => LimitModel> = {
  'sliding-window': createWindowModel,
  'token-bucket': createBucketModel,
};

export function createLimitModel(algorithm: AlgorithmName): LimitModel {
  return MODELS[algorithm]();
}

function createWindowModel(): LimitModel {
  let taken: { atUs: number; requestId: string | undefined }[] = [];
  return (moment) => ({
    ...windowView({ ...moment, moments: taken.map(({ atUs }) => atUs) }),
    take(cost, requestId) {
      for (let token = 0; token < cost; token += 1) taken.push({ atUs: moment.nowUs, requestId });
    },
    refund({ requestId }) {
      taken = taken.filter((token) => token.requestId !== requestId);
    },
  });
}

/** Each token is a moment: it is out until one window later. */
export function windowView({
  size,
  windowMs,
  nowUs,
  moments,
}: Moment & { moments: readonly number[] }): LimitView {
  const windowUs = windowMs * 1000;
  const returns = moments.map((atUs) => atUs + windowUs).filter((returnUs) => returnUs > nowUs);
  const freeAt = (momentUs: number) => size - returns.filter((returnUs) => returnUs > momentUs).length;
  return {
    free: Math.max(0, freeAt(nowUs)),
    freeAtUs: (cost) =>
      [nowUs, ...returns.toSorted((a, b) => a - b)].find((moment) => freeAt(moment) >= cost),
    resetAtUs: Math.max(nowUs, ...returns),
    take: () => undefined,
    refund: () => undefined,
  };
}

/** What was missing from a bucket when it was last taken from: a fraction of tokens, exact. */
interface Bucket {
  readonly missing: bigint;
  /** The parts of a token; `missing` counts them. */
  readonly parts: bigint;
  readonly atUs: number;
  /** When it was taken from first. */
  readonly sinceUs: number;
}

/**
 * A bucket that fills evenly. If its size changes, what is missing is rounded up to the new parts, is never more than the
 * whole, and comes back at the new pace.
 */
function createBucketModel(): LimitModel {
  let bucket: Bucket | undefined;
  const view: LimitModel = ({ size, windowMs, nowUs }) => {
    const { parts, perUs } = partsOf(BigInt(size), BigInt(windowMs) * 1000n);
    const whole = BigInt(size) * parts;
    const last = bucket ?? { missing: 0n, parts, atUs: nowUs, sinceUs: nowUs };
    const { sinceUs } = last;
    const started = least(ceilDivide(last.missing * parts, last.parts), whole);
    const missing = most(started - BigInt(nowUs - last.atUs) * perUs, 0n);
    const missingAtMost = (target: bigint) => nowUs + Number(most(ceilDivide(missing - target, perUs), 0n));
    return {
      free: Number((whole - missing) / parts),
      freeAtUs: (cost) => missingAtMost(whole - BigInt(cost) * parts),
      resetAtUs: missingAtMost(0n),
      take(cost) {
        bucket = { missing: missing + BigInt(cost) * parts, parts, atUs: nowUs, sinceUs };
      },
      refund({ cost, atUs }) {
        if (bucket === undefined || atUs < sinceUs) return;
        const taken = least(BigInt(cost), BigInt(size)) * parts;
        const out = most(taken - BigInt(nowUs - atUs) * perUs, 0n);
        bucket = { missing: most(missing - out, 0n), parts, atUs: nowUs, sinceUs };
      },
    };
  };
  view.missing = () => (bucket === undefined ? 0 : Number(ceilDivide(bucket.missing, bucket.parts)));
  return view;
}

/** The least whole numbers so that a token has `parts`, and each microsecond gives back `perUs` of them. */
function partsOf(size: bigint, windowUs: bigint): { parts: bigint; perUs: bigint } {
  if (size === 0n) return { parts: 1n, perUs: 1n };
  let [a, b] = [size, windowUs];
  while (b !== 0n) [a, b] = [b, a % b];
  return { parts: windowUs / a, perUs: size / a };
}

const least = (a: bigint, b: bigint) => (a < b ? a : b);
const most = (a: bigint, b: bigint) => (a > b ? a : b);

function ceilDivide(a: bigint, b: bigint): bigint {
  return a <= 0n ? a / b : (a + b - 1n) / b;
}
