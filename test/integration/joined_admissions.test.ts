import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DeadlinePassed, InvalidRequest } from '../../daemon/quota/errors';
import type { Limit } from '../../daemon/quota/limits';
import type { Policy } from '../../daemon/quota/policies';
import type { Outcome } from '../../daemon/redis/limits/admit';
import { type LimitStore, openLimitStore, policyOf } from '../helpers/limit_store';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';
import { createStoreModel, type ModelAsk, type ModelOutcome, type StoreModel } from '../helpers/store_model';

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

const isShort = (at: number) => at % 2 === 0;

/** A version of the limit at a place; undefined if this version of the policy does not have it. */
const limitArbitrary = (at: number) =>
  fc
    .record({
      isThere: fc.boolean(),
      limit: fc.integer({ min: 1, max: 7 }),
      window: fc.nat(LONG_MS.length - 1),
      shadow: fc.oneof({ weight: 2, arbitrary: fc.constant(false) }, fc.boolean()),
    })
    .map(({ isThere, limit, window, shadow }) => {
      const algorithm: Limit['algorithm'] = at < LIMITS / 2 ? 'sliding-window' : 'token-bucket';
      const windowMs = (isShort(at) ? SHORT_MS[at % SHORT_MS.length] : LONG_MS[window]) ?? 0;
      return isThere ? [{ name: `limit-${at}`, algorithm, limit, windowMs, shadow }] : [];
    });

const FALLBACK: Limit = {
  name: 'limit-0',
  algorithm: 'sliding-window',
  limit: 5,
  windowMs: SHORT_MS[0] ?? 0,
};

const limitsArbitrary = fc
  .tuple(...Array.from({ length: LIMITS }, (_, at) => limitArbitrary(at)))
  .map((parts) => parts.flat())
  .map((limits): Limit[] => (limits.length > 0 ? limits : [FALLBACK]));

const SUBJECTS = 3;
const POLICIES = 2;
const IDS = 6;

const target = { subject: fc.nat(SUBJECTS - 1), policy: fc.nat(POLICIES - 1) };

const entryArbitrary = fc.record({
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
});

const stepArbitrary = fc.oneof(
  { weight: 6, arbitrary: fc.record({ entries: fc.array(entryArbitrary, { minLength: 1, maxLength: 40 }) }) },
  { weight: 3, arbitrary: fc.record({ pauseMs: fc.integer({ min: 1, max: 40 }) }) },
  { weight: 1, arbitrary: fc.record({ reset: fc.record(target) }) },
  { weight: 2, arbitrary: fc.record({ reload: fc.nat(POLICIES - 1), limits: limitsArbitrary }) },
  {
    weight: 2,
    arbitrary: fc.record({
      override: fc.record({ ...target, limit: fc.nat(LIMITS - 1), size: fc.integer({ min: 0, max: 9 }) }),
      endsInMs: fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ clear: fc.record({ ...target, limit: fc.nat(LIMITS - 1) }) }) },
);

type Step = typeof stepArbitrary extends fc.Arbitrary<infer T> ? T : never;

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
    policies[changed] = { ...at(policies, changed), limits };
    await store.follow(...policies);
  }

  return async (step: Step): Promise<void> => {
    if ('entries' in step) await call(step.entries);
    else if ('pauseMs' in step) await pause(step.pauseMs);
    else if ('reset' in step) await reset(step.reset);
    else if ('override' in step) await override(step);
    else if ('clear' in step) await clear(step.clear);
    else await reload(step.reload, step.limits);
  };
}

function toComparable(outcome: Outcome | Error): ModelOutcome | string {
  if (outcome instanceof DeadlinePassed) return 'late';
  if (outcome instanceof InvalidRequest) return 'reused';
  if (outcome instanceof Error) return outcome.message;
  const { admitted, isRepeat, retryDelayUs, limits } = outcome.decision;
  return { admitted, isRepeat, retryDelayUs, limits, idCount: outcome.knownIds?.length };
}

describe('joined admissions', () => {
  test('any sequence of calls, pauses, resets, overrides and reloads, decided as the reference model decides it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(limitsArbitrary, { minLength: POLICIES, maxLength: POLICIES }),
        fc.array(stepArbitrary, { minLength: 1, maxLength: 20 }),
        async (limits, steps) => {
          const policies = limits.map((each) => policyOf(each, { name: `p-${randomUUID()}` }));
          await store.follow(...policies);
          const run = createPair(policies);
          for (const step of steps) await run(step);
        },
      ),
      { numRuns: 150, interruptAfterTimeLimit: 30_000 },
    );
  }, 90_000);
});
