import type { Account, Context } from '../accounts';
import type { StoreClock } from '../clock';
import type { Attempt } from '../history';
import { isCharge } from '../outcomes';
import { createFinding, type Finding } from '../violations';
import { type DecidedLimit, enforcedLimits } from './limits';
import { isBefore } from './windows';

/** Tokens are counted in fractions here, and exactly by the store. */
const ROUNDING = 1e-6;

/** No token bucket gave more than it held. */
export function checkBuckets(accounts: readonly Account[], context: Context): Finding {
  const { violate, result } = createFinding('buckets');
  let checked = 0;
  for (const account of accounts)
    for (const attempt of account.attempts.filter(isCharge))
      for (const limit of enforcedLimits(attempt, 'token-bucket')) {
        const missing = bucketAtLeast({ account, attempt, limit }, context);
        if (missing === undefined) continue;
        checked += 1;
        if (missing + attempt.sent.cost > limit.limit + ROUNDING)
          violate(
            `${attempt.place}: ${attempt.sent.cost} taken from ${limit.name}, which lacked ${missing.toFixed(3)} of ${limit.limit}, subject ${account.subject}, policy ${account.policy}`,
          );
      }
  return result(`${checked} admissions from token buckets`);
}

interface BucketQuestion {
  readonly account: Account;
  readonly attempt: Attempt;
  readonly limit: DecidedLimit;
}

/** What was missing at least from a bucket when a charge was made; undefined if the time of it is not known. */
function bucketAtLeast({ account, attempt, limit }: BucketQuestion, { clock }: Context): number | undefined {
  const endUs = attempt.answer?.decidedUs ?? 0;
  const epoch = clock.epochOf(attempt, endUs);
  if (epoch === undefined) return undefined;
  const sizes = sizesOf(account, limit);
  const before = account.takings.filter(
    (taking) =>
      taking.isCertain &&
      taking.isDated &&
      taking.place !== attempt.place &&
      isBefore(taking, { attempt, endUs, epoch }),
  );
  const takings = before.map((taking) => {
    // Tokens that were given back are there again, but the bucket had been refilled up to the moment of the taking.
    const cost = account.changes.mayBeGivenBack(taking, attempt) ? 0 : taking.cost;
    return { cost, atUs: taking.earliestUs, epoch: taking.epoch ?? 0 };
  });
  const refill = { most: sizes.smallest, perUs: sizes.fastest, redatedUs: clock.redatedUs };
  return missingAt({ atUs: endUs, epoch }, takings, refill);
}

/** What can have been missing at most from a bucket when a decision was made. */
export function bucketAtMost({ account, attempt, limit }: BucketQuestion): number {
  const endUs = attempt.answer?.decidedUs ?? 0;
  const sizes = sizesOf(account, limit);
  const possible = account.takings.filter(
    (taking) =>
      taking.span.sentUs <= attempt.answeredUs && !account.changes.isGivenBackWhole(taking, attempt),
  );
  // The later something was taken, the less of it has come back.
  const before = possible.filter(({ writtenByUs }) => writtenByUs <= endUs);
  const takings = before.map(({ cost, writtenByUs }) => ({ cost, atUs: writtenByUs, epoch: 0 }));
  const refill = { most: sizes.largest, perUs: sizes.slowest, redatedUs: (us: number) => us };
  const missing = missingAt({ atUs: endUs, epoch: 0 }, takings, refill);
  const others = possible.filter(({ writtenByUs }) => writtenByUs > endUs);
  return others.reduce((sum, { cost }) => sum + cost, missing) + ROUNDING;
}

interface Refill {
  /** No more than this is ever missing. */
  readonly most: number;
  readonly perUs: number;
  /** The time of a moment after the clock was set back. */
  readonly redatedUs: StoreClock['redatedUs'];
}

interface BucketMoment {
  readonly atUs: number;
  readonly epoch: number;
}

/** What is missing from a bucket at a moment, if nothing but these was taken. */
function missingAt(
  end: BucketMoment,
  takings: readonly (BucketMoment & { readonly cost: number })[],
  { most, perUs, redatedUs }: Refill,
): number {
  let missing = 0;
  let last: BucketMoment = { atUs: 0, epoch: 0 };
  const sinceLast = ({ atUs, epoch }: BucketMoment) =>
    atUs - redatedUs(last.atUs, { from: last.epoch, to: epoch });
  for (const taking of takings.toSorted((a, b) => a.epoch - b.epoch || a.atUs - b.atUs)) {
    missing = Math.min(refilled(missing, sinceLast(taking), perUs) + taking.cost, most);
    last = taking;
  }
  return refilled(missing, sinceLast(end), perUs);
}

/** What is still missing after a time; nothing before the first taking. */
function refilled(missing: number, elapsedUs: number, perUs: number): number {
  return missing === 0 ? 0 : Math.max(0, missing - Math.max(0, elapsedUs) * perUs);
}

/** The sizes that a bucket had for a subject: with several of them the check is only as sharp as their differences. */
function sizesOf({ attempts }: Account, { name }: DecidedLimit) {
  const seen = attempts.flatMap(({ answer }) => answer?.limits?.filter((limit) => limit.name === name) ?? []);
  const limits = seen.filter(({ limit }) => limit > 0);
  const rates = limits.map(({ limit, windowUs }) => limit / windowUs);
  return {
    smallest: Math.min(...seen.map(({ limit }) => limit)),
    largest: Math.max(...seen.map(({ limit }) => limit)),
    fastest: Math.max(0, ...rates),
    slowest: rates.length === 0 ? 0 : Math.min(...rates),
  };
}
