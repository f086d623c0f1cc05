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
  /** The size without an override. */
  readonly configured: number;
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
}: Omit<Moment, 'configured'> & { moments: readonly number[] }): LimitView {
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

/** What was missing from a bucket at a moment: a fraction of tokens, exact. */
interface Bucket {
  readonly missing: bigint;
  /** The parts of a token; `missing` counts them. */
  readonly parts: bigint;
  readonly atUs: number;
}

/**
 * A bucket that fills evenly. If its size changes, what is missing is rounded up to the new parts, is never more than the
 * whole, and comes back at the new pace. Under an override that lowers it, the bucket of the configured size goes on.
 */
function createBucketModel(): LimitModel {
  let own: Bucket | undefined;
  /** When it was taken from first. */
  let sinceUs = 0;
  /** The bucket of the configured size, from a lowering override on: since when, and to which size. */
  let whole: (Bucket & { readonly loweredTo: number; readonly loweredUs: number }) | undefined;

  const view: LimitModel = ({ size, configured, windowMs, nowUs }) => {
    const at = (last: Bucket | undefined, sizeNow: number) =>
      bucketAt(last, { size: sizeNow, windowMs, nowUs });
    const isLowered = size < configured;
    const isSame = whole?.loweredTo === size;
    const [mine, hidden] = [at(own, size), at(whole ?? own, size)];
    const another = isLowered && mine.missing > hidden.missing ? mine : hidden;
    const now = isSame ? mine : another;
    const large = at(whole ?? own, configured);
    const loweredUs = isSame && whole ? whole.loweredUs : undefined;
    const isOfNow = (atUs: number) => !isLowered || atUs >= (loweredUs ?? Number.POSITIVE_INFINITY);
    const outOfLarge = (taken: ModelTaken) =>
      isLowered ? outOf(large, taken, { size: configured, nowUs }) : 0n;
    const { parts, perUs } = now;
    const room = BigInt(size) * parts;
    const missingAtMost = (target: bigint) =>
      nowUs + Number(most(ceilDivide(now.missing - target, perUs), 0n));

    function set(missing: bigint, wholeMissing: bigint): void {
      own = { missing, parts, atUs: nowUs };
      const kept = { loweredTo: size, loweredUs: loweredUs ?? nowUs };
      whole = isLowered ? { ...kept, missing: wholeMissing, parts: large.parts, atUs: nowUs } : undefined;
    }

    return {
      free: Number((room - now.missing) / parts),
      freeAtUs: (cost) => missingAtMost(room - BigInt(cost) * parts),
      resetAtUs: missingAtMost(0n),
      take(cost) {
        if (own === undefined) sinceUs = nowUs;
        set(now.missing + BigInt(cost) * parts, large.missing + BigInt(cost) * large.parts);
      },
      refund(taken) {
        if (own === undefined || taken.atUs < sinceUs) return;
        // What was taken before the bucket had this lowered size comes back to the large one alone.
        const fromNow = isOfNow(taken.atUs) ? outOf(now, taken, { size, nowUs }) : 0n;
        const fromLarge = outOfLarge(taken);
        if (fromNow + fromLarge > 0n)
          set(most(now.missing - fromNow, 0n), most(large.missing - fromLarge, 0n));
      },
    };
  };
  view.missing = () => {
    const last = whole ?? own;
    return last === undefined ? 0 : Number(ceilDivide(last.missing, last.parts));
  };
  return view;
}

interface Filling {
  readonly missing: bigint;
  readonly parts: bigint;
  readonly perUs: bigint;
}

/** What a request took and cannot have come back since. */
function outOf(
  { parts, perUs }: Filling,
  { cost, atUs }: ModelTaken,
  { size, nowUs }: { size: number; nowUs: number },
): bigint {
  return most(least(BigInt(cost), BigInt(size)) * parts - BigInt(nowUs - atUs) * perUs, 0n);
}

/** What is missing in other parts of a token, rounded up. */
function inParts(last: Pick<Filling, 'missing' | 'parts'>, parts: bigint): bigint {
  return ceilDivide(last.missing * parts, last.parts);
}

/** What is missing from a bucket of this size now. */
function bucketAt(last: Bucket | undefined, { size, windowMs, nowUs }: Omit<Moment, 'configured'>): Filling {
  const { parts, perUs } = partsOf(BigInt(size), BigInt(windowMs) * 1000n);
  if (last === undefined) return { missing: 0n, parts, perUs };
  const started = least(inParts(last, parts), BigInt(size) * parts);
  return { missing: most(started - BigInt(nowUs - last.atUs) * perUs, 0n), parts, perUs };
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
