import { randomUUID } from 'node:crypto';
import { describe, expect, jest, test } from '@jest/globals';
import type { Admission, Decision, LimitStatus } from '../../../../daemon/quota/admission';
import { afterCaches, createDenialCache, type Judgement } from '../../../../daemon/quota/denial_cache';
import type { Policy } from '../../../../daemon/quota/policies';

const policy: Policy = {
  name: 'connection',
  limits: [{ name: 'per-window', algorithm: 'sliding-window', limit: 10, windowMs: 600_000 }],
  recordsConnections: true,
  onStoreFailure: 'deny',
  rememberMs: 600_000,
};

function statusOf(status: Partial<LimitStatus> = {}): LimitStatus {
  return {
    name: 'per-window',
    limit: 10,
    remaining: 0,
    windowUs: 600_000_000,
    resetDelayUs: 600_000_000,
    nextDelayUs: 60_000_000,
    shadow: false,
    shadowDenied: false,
    overridden: false,
    ...status,
  };
}

function deniedBy(limits: readonly LimitStatus[], retryDelayUs: number | undefined = 60_000_000): Decision {
  return { admitted: false, isRepeat: false, limits, retryDelayUs, decidedUs: 1_000_000 };
}

const denied = deniedBy([statusOf()]);
const admitted: Decision = { ...denied, admitted: true, retryDelayUs: undefined };

function admission(fields: Partial<Admission> = {}): Admission {
  return { subject: '42', policy: 'connection', cost: 1, requestId: undefined, ...fields };
}

/** A cache whose store takes `tookMs` to answer with what is given, and a clock that stands still otherwise. */
function cacheBefore(judgement: Partial<Judgement> = {}, tookMs = 0) {
  const state = { ms: 0, askedCount: 0, cachedCount: 0, failures: 0 };
  const cache = createDenialCache({
    nowMs: () => state.ms,
    onCached: () => {
      state.cachedCount += 1;
    },
  });
  const answer: Judgement = { decision: denied, knownIds: [], ...judgement };
  const ask = async (asked: readonly unknown[]) => {
    state.askedCount += asked.length;
    state.ms += tookMs;
    const fails = state.failures > 0;
    if (fails) state.failures -= 1;
    return asked.map(() => (fails ? new Error('no answer') : answer));
  };
  return {
    state,
    forget: cache.forget,
    decide: async (fields: Partial<Admission> = {}, held = policy) => {
      const [answer] = await cache.decideAll([{ admission: admission(fields), policy: held }], ask);
      return answer;
    },
    decideAll: (...all: Partial<Admission>[]) =>
      cache.decideAll(
        all.map((fields) => ({ admission: admission(fields), policy })),
        ask,
      ),
  };
}

describe('denial cache', () => {
  test('a subject is denied again without the store', async () => {
    const { state, decide } = cacheBefore();
    await decide();

    expect(await decide()).toEqual(denied);
    expect(state).toMatchObject({ askedCount: 1, cachedCount: 1 });
  });

  test('time that has passed is taken off the delays so that the moments stay the same', async () => {
    const { state, decide } = cacheBefore();
    await decide();
    state.ms = 100;

    expect(await decide()).toMatchObject({
      decidedUs: 1_100_000,
      retryDelayUs: 59_900_000,
      limits: [{ remaining: 0, resetDelayUs: 599_900_000, nextDelayUs: 59_900_000 }],
    });
  });

  test('a subject that is forgotten is asked about again, and others are not', async () => {
    const { state, decide, forget } = cacheBefore();
    const subjects = ['ada', 'ada:2'];
    for (const subject of subjects) await decide({ subject });
    forget('ada');
    for (const subject of subjects) await decide({ subject });

    expect(state).toMatchObject({ askedCount: 3, cachedCount: 1 });
  });

  test('the store is asked again 250 ms after the asking', async () => {
    const { state, decide } = cacheBefore({}, 100);
    await decide();
    state.ms = 249;
    await decide();
    const before = state.askedCount;
    state.ms = 250;
    await decide();

    expect([before, state.askedCount]).toEqual([1, 2]);
  });

  test('the store is asked again at the next token', async () => {
    const { state, decide } = cacheBefore({ decision: deniedBy([statusOf({ nextDelayUs: 20_000 })]) });
    await decide();
    state.ms = 19;
    await decide();
    const before = state.askedCount;
    state.ms = 20;
    await decide();

    expect([before, state.askedCount]).toEqual([1, 2]);
  });

  test.each<[string, Partial<Judgement>]>([
    ['an admission', { decision: admitted }],
    ['a cost above what remains', { decision: deniedBy([statusOf({ remaining: 1 })]) }],
    ['a shadow limit that is empty', { decision: deniedBy([statusOf({ shadow: true })]) }],
    [
      'two limits that deny, the empty one overridden',
      { decision: deniedBy([statusOf({ overridden: true }), statusOf({ remaining: 1 })]) },
    ],
  ])('%s, not remembered', async (_, judgement) => {
    const { state, decide } = cacheBefore(judgement);
    await decide({ cost: 2 });
    await decide({ cost: 2 });

    expect(state.askedCount).toBe(2);
  });

  test('the store is asked again at the end of an override that ends before the next token', async () => {
    const decision = deniedBy([statusOf({ overridden: true })], 30_000);
    const { state, decide } = cacheBefore({ decision });
    await decide();
    state.ms = 29;
    await decide();
    const before = state.askedCount;
    state.ms = 30;
    await decide();

    expect([before, state.askedCount]).toEqual([1, 2]);
  });

  test('a subject that an override blocks for ever is remembered', async () => {
    const decision: Decision = {
      ...deniedBy([statusOf({ limit: 0, nextDelayUs: 0, resetDelayUs: 0, overridden: true })]),
      retryDelayUs: undefined,
    };
    const { state, decide } = cacheBefore({ decision });
    await decide();
    await decide();

    expect(state.askedCount).toBe(1);
  });

  test('a repeat of an admitted request is left to the store', async () => {
    const requestId = randomUUID();
    const knownIds = [randomUUID(), requestId].map((id) => Buffer.from(id.replaceAll('-', ''), 'hex'));
    const { state, decide } = cacheBefore({ knownIds });
    await decide();

    await decide({ requestId: requestId.toUpperCase() });
    await decide({ requestId: randomUUID() });

    expect(state).toMatchObject({ askedCount: 2, cachedCount: 1 });
  });

  test('ids that the store did not list leave each request with an id to it', async () => {
    const { state, decide } = cacheBefore({ knownIds: undefined });
    await decide();

    await decide({ requestId: randomUUID() });
    await decide();

    expect(state).toMatchObject({ askedCount: 2, cachedCount: 1 });
  });

  test.each<[string, Partial<Admission>]>([
    ['subject', { subject: '43' }],
    ['cost', { cost: 2 }],
  ])('another %s, left to the store', async (_, fields) => {
    const { state, decide } = cacheBefore();
    await decide();
    await decide(fields);

    expect(state.askedCount).toBe(2);
  });

  test('a reloaded policy is left to the store', async () => {
    const { state, decide } = cacheBefore();
    await decide();
    await decide({}, { ...policy });

    expect(state.askedCount).toBe(2);
  });

  test('many requests at the end of what is remembered ask the store once', async () => {
    const { state, decide } = cacheBefore();
    await decide();
    state.ms = 300;

    await Promise.all(Array.from({ length: 50 }, () => decide()));

    expect(state).toMatchObject({ askedCount: 2, cachedCount: 49 });
  });

  test('a batch asks the store only for what is not remembered, and has its answers in order', async () => {
    const { state, decide, decideAll } = cacheBefore();
    await decide();
    state.ms = 100;

    const answers = await decideAll({ subject: '43' }, {}, { subject: '44' });

    expect(answers.map((answer) => 'decidedUs' in answer && answer.decidedUs)).toEqual([
      1_000_000, 1_100_000, 1_000_000,
    ]);
    expect(state).toMatchObject({ askedCount: 3, cachedCount: 1 });
  });

  test('a batch with a subject many times at the end of what is remembered asks the store once', async () => {
    const { state, decide, decideAll } = cacheBefore();
    await decide();
    state.ms = 300;

    expect(await decideAll({}, {}, {})).toEqual([denied, denied, denied]);
    expect(state).toMatchObject({ askedCount: 2, cachedCount: 2 });
  });

  test('those that waited for a renewal that failed ask by themselves', async () => {
    const { state, decide } = cacheBefore();
    await decide();
    state.ms = 300;
    state.failures = 1;

    const answers = await Promise.all([decide(), decide(), decide()]);

    expect(answers).toEqual([new Error('no answer'), denied, denied]);
  });

  test('an operator is answered after all that was remembered has ended', async () => {
    const { state, decide } = cacheBefore();
    await decide();
    const startMs = performance.now();
    await afterCaches(true)();
    state.ms = performance.now() - startMs;
    await decide();

    expect(state.askedCount).toBe(2);
  });
});

describe('afterCaches', () => {
  test('denials that nobody remembers, nothing is waited for', async () => {
    const timer = jest.spyOn(globalThis, 'setTimeout');
    await afterCaches(false)();
    const timers = timer.mock.calls.length;
    timer.mockRestore();

    expect(timers).toBe(0);
  });
});
