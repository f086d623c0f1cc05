import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DeadlinePassed, InvalidRequest, RefundedRequest, UnknownRequest } from '../../daemon/quota/errors';
import type { Limit } from '../../daemon/quota/limits';
import type { Policy } from '../../daemon/quota/policies';
import type { Refund } from '../../daemon/quota/refund';
import type { Outcome } from '../../daemon/redis/limits/admit';
import { type LimitStore, openLimitStore, policyOf } from '../helpers/limit_store';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';
import {
  createStoreModel,
  type ModelAsk,
  type ModelOutcome,
  type ModelRefund,
  type StoreModel,
} from '../helpers/store_model';

let space: RedisSpace;
let store: LimitStore;
beforeAll(async () => {
  space = openRedisSpace();
  store = await openLimitStore(space);
});
afterAll(() => space.close());

const LIMITS = 4;

/** Windows that pass within a test keep their length; those that a reload may change outlast it. */
const SHORT_MS = [3, 20, 70];
const LONG_MS = [100_000, 170_000, 330_000];

const isShort = (at: number) => at % 2 === 1;

const BOTH = ['sliding-window', 'token-bucket'] as const;

type AlgorithmAt = (at: number) => fc.Arbitrary<Limit['algorithm']>;

const steady: AlgorithmAt = (at) => fc.constant(at < LIMITS / 2 ? BOTH[0] : BOTH[1]);

/**
 * The first limit changes with a reload. The tokens that a window takes over from a bucket count in the policy's other windows
 * from then on, so it comes before them.
 */
const changing: AlgorithmAt = (at) => (at === 0 ? fc.constantFrom(...BOTH) : steady(at));

/** A version of the limit at a place; undefined if this version of the policy does not have it. */
const limitArbitrary = (at: number, algorithmAt: AlgorithmAt) =>
  fc
    .record({
      isThere: fc.boolean(),
      limit: fc.integer({ min: 1, max: 7 }),
      window: fc.nat(LONG_MS.length - 1),
      shadow: fc.oneof({ weight: 2, arbitrary: fc.constant(false) }, fc.boolean()),
      algorithm: algorithmAt(at),
    })
    .map(({ isThere, limit, window, shadow, algorithm }) => {
      const windowMs = (isShort(at) ? SHORT_MS[at % SHORT_MS.length] : LONG_MS[window]) ?? 0;
      return isThere ? [{ name: `limit-${at}`, algorithm, limit, windowMs, shadow }] : [];
    });

const FALLBACK: Limit = {
  name: 'limit-0',
  algorithm: 'sliding-window',
  limit: 5,
  windowMs: LONG_MS[0] ?? 0,
};

const limitsOf = (algorithmAt: AlgorithmAt) =>
  fc
    .tuple(...Array.from({ length: LIMITS }, (_, at) => limitArbitrary(at, algorithmAt)))
    .map((parts) => parts.flat())
    .map((limits): Limit[] => (limits.length > 0 ? limits : [FALLBACK]));

const SUBJECTS = 3;
const POLICIES = 2;
const IDS = 6;

const target = { subject: fc.nat(SUBJECTS - 1), policy: fc.nat(POLICIES - 1) };

const entry = {
  ...target,
  cost: fc.oneof(
    { weight: 4, arbitrary: fc.constant(1) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 9 }) },
  ),
  id: fc.option(fc.nat(IDS - 1), { nil: undefined }),
  deadlineMs: fc.oneof(
    { weight: 8, arbitrary: fc.constant(undefined) },
    fc.constantFrom(-1000, 0, 1, 1_000_000),
  ),
};

const entryArbitrary = fc.record(entry);

const refundArbitrary = fc.record({ refund: fc.record({ ...target, id: fc.nat(IDS - 1) }) });

const stepOf = (algorithmAt: AlgorithmAt) =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ entries: fc.array(entryArbitrary, { minLength: 1, maxLength: 40 }) }),
    },
    { weight: 3, arbitrary: fc.record({ pauseMs: fc.integer({ min: 1, max: 40 }) }) },
    { weight: 1, arbitrary: fc.record({ reset: fc.record(target) }) },
    { weight: 2, arbitrary: fc.record({ reload: fc.nat(POLICIES - 1), limits: limitsOf(algorithmAt) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        override: fc.record({ ...target, limit: fc.nat(LIMITS - 1), size: fc.integer({ min: 0, max: 9 }) }),
        endsInMs: fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ clear: fc.record({ ...target, limit: fc.nat(LIMITS - 1) }) }) },
  );

/** What a refund gives back of a limit that another algorithm has taken over is not part of the model. */
const steadyStep = fc.oneof(
  { weight: 15, arbitrary: stepOf(steady) },
  { weight: 3, arbitrary: refundArbitrary },
);

/** A bucket that overrides lower and raise all the time, with what was taken before and under them given back. */
const overriddenBuckets = fc
  .record({ limit: fc.integer({ min: 1, max: 9 }), window: fc.nat(LONG_MS.length - 1) })
  .map(({ limit, window }): Limit[] => [
    { name: 'limit-0', algorithm: 'token-bucket', limit, windowMs: LONG_MS[window] ?? 0 },
  ]);

const one = { subject: fc.constant(0), policy: fc.constant(0) };

const overridingStep = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      entries: fc.array(fc.record({ ...entry, ...one }), { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ refund: fc.record({ ...one, id: fc.nat(IDS - 1) }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      override: fc.record({ ...one, limit: fc.constant(0), size: fc.integer({ min: 0, max: 9 }) }),
      endsInMs: fc.constant(undefined),
    }),
  },
  { weight: 2, arbitrary: fc.record({ clear: fc.record({ ...one, limit: fc.constant(0) }) }) },
);

type Step = typeof steadyStep extends fc.Arbitrary<infer T> ? T : never;

/** A store and its model, to which the same happens. */
function createPair(policies: Policy[]) {
  const model: StoreModel = createStoreModel();
  const subjects = Array.from({ length: SUBJECTS }, () => randomUUID());
  const ids = Array.from({ length: IDS }, () => randomUUID());
  const at = <T>(all: readonly T[], index: number): T => {
    const found = all[index];
    if (found === undefined) throw new RangeError(`nothing at ${index}`);
    return found;
  };

  async function call(
    entries: readonly {
      subject: number;
      policy: number;
      cost: number;
      id: number | undefined;
      deadlineMs: number | undefined;
    }[],
  ) {
    const asks = entries.map(({ subject, policy, cost, id, deadlineMs }): ModelAsk & { wantsIds: true } => ({
      policy: at(policies, policy),
      subject: at(subjects, subject),
      cost,
      requestId: id === undefined ? undefined : at(ids, id),
      deadlineUs: deadlineMs === undefined ? undefined : (Date.now() + deadlineMs) * 1000,
      wantsIds: true,
    }));
    const { outcomes, nowUs } = await store.admitAll(asks);
    expect(outcomes.map(toComparable)).toEqual(asks.map((ask) => model.decide(ask, nowUs)));
  }

  const pick = (picked: { subject: number; policy: number }) =>
    [at(subjects, picked.subject), at(policies, picked.policy)] as const;

  async function reset(picked: { subject: number; policy: number }): Promise<void> {
    const [subject, policy] = pick(picked);
    // The moment of a reset is not reported, so it gives back all that there is.
    const whole = { ...policy, limits: [...policy.limits, { ...FALLBACK, name: 'all', windowMs: 330_000 }] };
    await store.reset(subject, whole);
    model.reset(subject, whole, Date.now() * 1000);
  }

  async function refund(picked: { subject: number; policy: number; id: number }): Promise<void> {
    const [subject, policy] = pick(picked);
    const requestId = at(ids, picked.id);
    const asked = store.refund({ subject, policy, requestId }).catch((error: unknown) => error);
    const refunded = (await asked) as Refund | Error;
    // An unknown one has no time, and changes nothing.
    const nowUs = 'refundedUs' in refunded ? refunded.refundedUs : 0;
    expect(toComparableRefund(refunded)).toEqual(model.refund(subject, policy, requestId, nowUs));
  }

  async function override({ override, endsInMs }: Extract<Step, { override: unknown }>): Promise<void> {
    const [subject, policy] = pick(override);
    const limitName = `limit-${override.limit}`;
    const expireTimeMs = endsInMs === undefined ? undefined : Date.now() + endsInMs;
    const wanted = { subject, policy: policy.name, limitName, limit: override.size, expireTimeMs };
    // Nothing is set if the end has passed meanwhile.
    if ((await store.override(wanted)) !== undefined)
      model.override(subject, policy, limitName, override.size, expireTimeMs);
  }

  async function clear(picked: { subject: number; policy: number; limit: number }): Promise<void> {
    const [subject, policy] = pick(picked);
    const limitName = `limit-${picked.limit}`;
    await store.clear({ subject, policy: policy.name, limitName });
    model.clear(subject, policy, limitName);
  }

  async function reload(changed: number, limits: Limit[]): Promise<void> {
    const former = at(policies, changed);
    const policy = { ...former, limits };
    policies[changed] = policy;
    await store.follow(...policies);
    // The library types its strings as numbers.
    const [seconds = 0, microseconds = 0] = (await space.admissions.time()).map(Number);
    for (const { name, algorithm } of limits) {
      const before = former.limits.find((limit) => limit.name === name);
      const isConverted = before !== undefined && before.algorithm !== algorithm;
      if (isConverted) model.convert(policy, name, seconds * 1_000_000 + microseconds);
    }
  }

  return async (step: Step): Promise<void> => {
    if ('entries' in step) await call(step.entries);
    else if ('pauseMs' in step) await pause(step.pauseMs);
    else if ('reset' in step) await reset(step.reset);
    else if ('refund' in step) await refund(step.refund);
    else if ('override' in step) await override(step);
    else if ('clear' in step) await clear(step.clear);
    else await reload(step.reload, step.limits);
  };
}

function toComparable(outcome: Outcome | Error): ModelOutcome | string {
  if (outcome instanceof DeadlinePassed) return 'late';
  if (outcome instanceof InvalidRequest) return 'reused';
  if (outcome instanceof RefundedRequest) return 'refunded';
  if (outcome instanceof Error) return outcome.message;
  const { admitted, isRepeat, retryDelayUs, limits } = outcome.decision;
  return { admitted, isRepeat, retryDelayUs, limits, idCount: outcome.knownIds?.length };
}

function toComparableRefund(refunded: Refund | Error): ModelRefund | string {
  if (refunded instanceof UnknownRequest) return 'unknown';
  if (refunded instanceof Error) return refunded.message;
  const { isRefunded, cost, limits } = refunded;
  return { isRefunded, cost, limits };
}

/** Lets the same happen to a store and its model, in many ways. */
async function compare(limits: fc.Arbitrary<Limit[]>, step: fc.Arbitrary<Step>): Promise<void> {
  await fc.assert(
    fc.asyncProperty(
      fc.array(limits, { minLength: POLICIES, maxLength: POLICIES }),
      fc.array(step, { minLength: 1, maxLength: 20 }),
      async (all, steps) => {
        const policies = all.map((each) => policyOf(each, { name: `p-${randomUUID()}` }));
        await store.follow(...policies);
        const run = createPair(policies);
        for (const each of steps) await run(each);
      },
    ),
    { numRuns: 150, interruptAfterTimeLimit: 30_000 },
  );
}

describe('joined admissions', () => {
  test('any sequence of calls, pauses, resets, refunds, overrides and reloads is decided as the reference model decides it', async () => {
    await compare(limitsOf(steady), steadyStep);
  }, 90_000);

  test('a bucket that overrides lower and raise, with refunds, is decided as the reference model decides it', async () => {
    await compare(overriddenBuckets, overridingStep);
  }, 90_000);

  test('reloads that change an algorithm are decided as the reference model decides it', async () => {
    await compare(limitsOf(changing), stepOf(changing));
  }, 90_000);
});
