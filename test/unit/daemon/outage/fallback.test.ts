import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { Admission } from '../../../../daemon/quota/admission';
import {
  DeadlinePassed,
  InvalidRequest,
  RefundedRequest,
  StoreUnavailable,
} from '../../../../daemon/quota/errors';
import { decisionBy } from '../../../helpers/conformance/store_factory';
import { admission, createUnreliable, ruled } from '../../../helpers/unreliable_store';

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

  test.each(['local', 'admit'] as const)(
    '%s: an id that was admitted in the outage is rejected with another cost',
    async (rule) => {
      const { fallback, state } = createUnreliable();
      state.fails = 'before';
      const asked = admission('ada', randomUUID());
      await decisionBy(fallback.store, asked, ruled(rule));
      const repeat = decisionBy(fallback.store, { ...asked, cost: 2 }, ruled(rule));

      await expect(repeat).rejects.toThrow(InvalidRequest);
      await expect(repeat).rejects.toThrow('request_id was used in the last 1m with another cost');
      expect(fallback.state().journalEntries).toBe(1);
    },
  );

  test.each([
    ['raised', 50],
    ['lowered', 0],
  ])(
    'local: an override that had %s a limit ends in the outage when it would have ended',
    async (_, limit) => {
      const { fallback, state } = createUnreliable();
      const policy = ruled('local');
      const ask = () => decisionBy(fallback.store, admission(), policy);
      const target = { subject: 'ada', policy: policy.name, limitName: 'only' };
      await fallback.store.setOverride({ ...target, limit, expireTimeMs: Date.now() + 1000, setBy: 'test' });
      const before = await ask();
      state.fails = 'before';
      const [overridden] = (await ask()).limits;
      await pause(1100);
      const [configured] = (await ask()).limits;

      expect([before.limits[0]?.limit, overridden?.limit, configured?.limit]).toEqual([limit, limit, 3]);
    },
  );

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
});
