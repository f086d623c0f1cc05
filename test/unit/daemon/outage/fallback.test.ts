import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { createMemoryStore } from '../../../../daemon/memory/store';
import { createFallback, type Fallback, type FallbackOptions } from '../../../../daemon/outage/fallback';
import type { Admission } from '../../../../daemon/quota/admission';
import { DeadlinePassed, RefundedRequest, StoreUnavailable } from '../../../../daemon/quota/errors';
import type { Policy, StoreFailureRule } from '../../../../daemon/quota/policies';
import type { AdmittedElsewhere, QuotaStore } from '../../../../daemon/quota/store';
import { decisionBy } from '../../../helpers/conformance/store_factory';
import { policyOf } from '../../../helpers/limit_store';

const opened: Fallback[] = [];
afterEach(async () => {
  for (const fallback of opened.splice(0)) await fallback.stop();
});

const unavailable = () => new StoreUnavailable({ cause: new Error('unreachable') });

/** A store that can be unreachable, before it decides or after. */
function createUnreliable(options: Partial<FallbackOptions> = {}) {
  const memory = createMemoryStore();
  const state = { fails: 'never' as 'never' | 'before' | 'after' };
  const sent: Admission[] = [];
  const restored: AdmittedElsewhere[] = [];
  const refunded: string[] = [];
  const store: QuotaStore = {
    ...memory,
    async admitAll(asked, patience) {
      sent.push(...asked.map(({ admission }) => admission));
      if (state.fails === 'before') return asked.map(unavailable);
      const answers = await memory.admitAll(asked, patience);
      return state.fails === 'after' ? asked.map(unavailable) : answers;
    },
    async refund(asked) {
      if (state.fails !== 'never') throw unavailable();
      refunded.push(asked.request.requestId);
      return memory.refund(asked);
    },
  };
  const fallback = createFallback({
    store,
    async restore(all) {
      if (state.fails !== 'never') throw unavailable();
      restored.push(...all);
      // As the real one does: under the id that each has.
      await memory.admitAll(all);
      return all.map(() => undefined);
    },
    logger: pino({ level: 'silent' }),
    ...options,
  });
  opened.push(fallback);
  return { fallback, state, sent, restored, refunded };
}

const ruled = (onStoreFailure: StoreFailureRule): Policy =>
  policyOf([{ name: 'only', algorithm: 'sliding-window', limit: 3, windowMs: 600_000 }], { onStoreFailure });

const admission = (subject = 'ada', requestId?: string): Admission => {
  return { subject, policy: 'tried', cost: 1, requestId };
};

describe('fallback', () => {
  test('a store that answers has its decisions passed on as they are', async () => {
    const { fallback } = createUnreliable();

    const decision = await decisionBy(fallback.store, admission(), ruled('local'));
    expect(decision).toMatchObject({ admitted: true, limits: [{ remaining: 2 }] });
    expect(decision.degraded).toBeUndefined();
  });

  test('deny: the request fails as its store does', async () => {
    const { fallback, state } = createUnreliable();
    state.fails = 'before';

    await expect(decisionBy(fallback.store, admission(), ruled('deny'))).rejects.toThrow(StoreUnavailable);
  });

  test('local counts from the last answer of the store', async () => {
    const { fallback, state } = createUnreliable();
    const policy = ruled('local');
    const ask = () => decisionBy(fallback.store, admission(), policy);
    await ask();
    await ask();
    state.fails = 'before';
    const decisions = [await ask(), await ask()];

    expect(decisions).toMatchObject([
      { admitted: true, degraded: true, limits: [{ remaining: 0 }] },
      { admitted: false, degraded: true, retryDelayUs: expect.any(Number) },
    ]);
    expect(fallback.state()).toMatchObject({ journalEntries: 1, localSubjects: 1 });
  });

  test.each(['local', 'admit'] as const)(
    '%s: an admission without an answer and its repeat have one id',
    async (rule) => {
      const { fallback, state, sent, restored } = createUnreliable();
      state.fails = 'after';
      await decisionBy(fallback.store, admission(), ruled(rule));
      state.fails = 'never';
      await fallback.stop();

      expect(restored.map(({ admission: { ownId } }) => ownId)).toEqual([sent[0]?.ownId]);
      expect(sent[0]?.ownId).toMatch(/^[0-9a-f-]{36}$/);
    },
  );

  test.each(['local', 'admit'] as const)('%s: a repeat in the outage is journalled once', async (rule) => {
    const { fallback, state } = createUnreliable();
    state.fails = 'before';
    const asked = admission('ada', randomUUID());
    const decisions = [
      await decisionBy(fallback.store, asked, ruled(rule)),
      await decisionBy(fallback.store, asked, ruled(rule)),
    ];

    expect(decisions).toMatchObject([
      { admitted: true, isRepeat: false },
      { admitted: true, isRepeat: true },
    ]);
    expect(fallback.state().journalEntries).toBe(1);
  });

  test('after the recovery, a subject is written before the store is asked about it', async () => {
    const { fallback, state, sent, restored } = createUnreliable();
    const policy = ruled('local');
    state.fails = 'before';
    await decisionBy(fallback.store, admission(), policy);
    state.fails = 'never';
    const sentBefore = sent.length;
    const asked = decisionBy(fallback.store, admission(), policy);
    expect(sent).toHaveLength(sentBefore);
    await asked;

    expect(restored).toHaveLength(1);
    expect(sent).toHaveLength(sentBefore + 1);
  });

  test('a second outage keeps what was taken in the first one', async () => {
    const { fallback, state } = createUnreliable();
    const policy = ruled('local');
    const ask = (subject: string) => decisionBy(fallback.store, admission(subject), policy);
    state.fails = 'before';
    for (let call = 0; call < 3; call += 1) await ask('ada');
    state.fails = 'never';
    await ask('bob');
    state.fails = 'before';

    expect((await ask('ada')).admitted).toBe(false);
  });

  test('without room for another subject, it fails, and a known one is decided on', async () => {
    const { fallback, state } = createUnreliable({ mostSubjects: 1 });
    const policy = ruled('local');
    state.fails = 'before';
    await decisionBy(fallback.store, admission('ada'), policy);

    await expect(decisionBy(fallback.store, admission('bob'), policy)).rejects.toThrow(StoreUnavailable);
    expect((await decisionBy(fallback.store, admission('ada'), policy)).admitted).toBe(true);
  });

  test('a caller that has given up gets DeadlinePassed, and nothing is journalled', async () => {
    const { fallback, state } = createUnreliable();
    state.fails = 'before';
    const patience = { isGivenUp: () => true };
    for (const rule of ['local', 'admit'] as const)
      await expect(decisionBy(fallback.store, admission(), ruled(rule), patience)).rejects.toThrow(
        DeadlinePassed,
      );

    expect(fallback.state().journalEntries).toBe(0);
  });

  describe.each(['local', 'admit'] as const)('%s, a refund', (rule) => {
    const policy = ruled(rule);
    const asked = () => admission('ada', randomUUID());
    const requestOf = ({ requestId = '' }: Admission) => {
      return { request: { subject: 'ada', policy: policy.name, requestId }, policy };
    };

    test('gives back what this process has admitted without the store, and later reaches the store', async () => {
      const { fallback, state, restored, refunded } = createUnreliable();
      const first = asked();
      state.fails = 'before';
      await decisionBy(fallback.store, first, policy);

      expect(await fallback.store.refund(requestOf(first))).toMatchObject({
        isRefunded: true,
        degraded: true,
      });
      expect(await fallback.store.refund(requestOf(first))).toMatchObject({ isRefunded: false });
      await expect(decisionBy(fallback.store, first, policy)).rejects.toThrow(RefundedRequest);
      state.fails = 'never';
      await fallback.stop();
      expect([restored.length, refunded]).toEqual([1, [first.requestId]]);
      await expect(decisionBy(fallback.store, first, policy)).rejects.toThrow(RefundedRequest);
    });

    test('fails for what the store has admitted', async () => {
      const { fallback, state } = createUnreliable();
      const first = asked();
      await decisionBy(fallback.store, first, policy);
      state.fails = 'before';

      await expect(fallback.store.refund(requestOf(first))).rejects.toThrow(StoreUnavailable);
    });

    test('is made by the store after the recovery, once that holds the admission', async () => {
      const { fallback, state, restored, refunded } = createUnreliable();
      const first = asked();
      state.fails = 'before';
      await decisionBy(fallback.store, first, policy);
      state.fails = 'never';

      const { isRefunded, degraded } = await fallback.store.refund(requestOf(first));
      expect([isRefunded, degraded, restored.length, refunded]).toEqual([
        true,
        undefined,
        1,
        [first.requestId],
      ]);
    });
  });

  test('local: what is refunded in the outage can be taken again', async () => {
    const { fallback, state } = createUnreliable();
    const policy = ruled('local');
    state.fails = 'before';
    const ids = [1, 2, 3].map(() => randomUUID());
    for (const id of ids) await decisionBy(fallback.store, admission('ada', id), policy);
    const [requestId = ''] = ids;
    const denied = await decisionBy(fallback.store, admission(), policy);
    await fallback.store.refund({ request: { subject: 'ada', policy: policy.name, requestId }, policy });
    const admitted = await decisionBy(fallback.store, admission(), policy);

    expect([denied.admitted, admitted.admitted]).toEqual([false, true]);
  });

  describe('a subject that is erased', () => {
    const hashOf = (subject: string) => `hash of ${subject}`;
    const nowUs = () => (performance.timeOrigin + performance.now()) * 1000;
    const LATER_US = 60_000_000;
    const none = new Map<string, number>();

    async function remainingOf({ fallback }: ReturnType<typeof createUnreliable>, subject = 'ada') {
      const { limits } = await decisionBy(fallback.store, admission(subject), ruled('local'));
      return limits[0]?.remaining;
    }

    test.each([
      ['by name', (us: number) => ({ named: new Map([['ada', us]]), hashed: none })],
      ['by its hash', (us: number) => ({ named: none, hashed: new Map([[hashOf('ada'), us]]) })],
    ])('what the store had said of it is forgotten, %s', async (_, erasedAt) => {
      const unreliable = createUnreliable({ hashOf });
      const before = await remainingOf(unreliable);
      await unreliable.fallback.dropErased(erasedAt(nowUs() + LATER_US));
      unreliable.state.fails = 'before';

      expect([before, await remainingOf(unreliable)]).toEqual([2, 2]);
    });

    test.each([
      ['by name', (us: number) => ({ named: new Map([['ada', us]]), hashed: none })],
      ['by its hash', (us: number) => ({ named: none, hashed: new Map([[hashOf('ada'), us]]) })],
    ])('what it took without the store is forgotten and never written, %s', async (_, erasedAt) => {
      const unreliable = createUnreliable({ hashOf });
      const { fallback, state, restored } = unreliable;
      state.fails = 'before';
      for (const subject of ['ada', 'bob']) await remainingOf(unreliable, subject);
      await fallback.dropErased(erasedAt(nowUs() + LATER_US));
      const counts = { ...fallback.state() };
      const left = [await remainingOf(unreliable), await remainingOf(unreliable, 'bob')];
      await fallback.dropErased(erasedAt(nowUs() + LATER_US));
      state.fails = 'never';
      await fallback.stop();

      expect(counts).toMatchObject({ journalEntries: 1, localSubjects: 1 });
      expect(left).toEqual([2, 1]);
      expect(restored.map(({ admission: { subject } }) => subject)).toEqual(['bob', 'bob']);
    });

    test('what it does after its erasure began stays', async () => {
      const unreliable = createUnreliable({ hashOf });
      const { fallback, state } = unreliable;
      await remainingOf(unreliable);
      state.fails = 'before';
      const erasedUs = nowUs() - LATER_US;
      await remainingOf(unreliable);
      await fallback.dropErased({ named: new Map([['ada', erasedUs]]), hashed: none });

      expect(fallback.state()).toMatchObject({ journalEntries: 1, localSubjects: 1 });
      expect(await remainingOf(unreliable)).toBe(0);
    });
  });
});
