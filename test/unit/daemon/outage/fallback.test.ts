import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { createMemoryStore } from '../../../../daemon/memory/store';
import { createFallback, type Fallback, type FallbackOptions } from '../../../../daemon/outage/fallback';
import type { Admission } from '../../../../daemon/quota/admission';
import { DeadlinePassed, StoreUnavailable } from '../../../../daemon/quota/errors';
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
  const store: QuotaStore = {
    ...memory,
    async admitAll(asked, patience) {
      sent.push(...asked.map(({ admission }) => admission));
      if (state.fails === 'before') return asked.map(unavailable);
      const answers = await memory.admitAll(asked, patience);
      return state.fails === 'after' ? asked.map(unavailable) : answers;
    },
  };
  const fallback = createFallback({
    store,
    async restore(all) {
      if (state.fails !== 'never') throw unavailable();
      restored.push(...all);
      return all.map(() => undefined);
    },
    logger: pino({ level: 'silent' }),
    ...options,
  });
  opened.push(fallback);
  return { fallback, state, sent, restored };
}

const ruled = (onStoreFailure: StoreFailureRule): Policy =>
  policyOf([{ name: 'only', algorithm: 'sliding-window', limit: 3, windowMs: 600_000 }], { onStoreFailure });

const admission = (subject = 'ada', requestId?: string): Admission => {
  return { subject, policy: 'tried', cost: 1, requestId };
};

describe('fallback', () => {
  test('a store that answers, its decisions as they are', async () => {
    const { fallback } = createUnreliable();

    const decision = await decisionBy(fallback.store, admission(), ruled('local'));
    expect(decision).toMatchObject({ admitted: true, limits: [{ remaining: 2 }] });
    expect(decision.degraded).toBeUndefined();
  });

  test('deny, the failure', async () => {
    const { fallback, state } = createUnreliable();
    state.fails = 'before';

    await expect(decisionBy(fallback.store, admission(), ruled('deny'))).rejects.toThrow(StoreUnavailable);
  });

  test('local, counted from the last answer of the store', async () => {
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
    '%s, one id for an admission without an answer and its repeat',
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

  test.each(['local', 'admit'] as const)('%s, a repeat in the outage, journalled once', async (rule) => {
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

  test('a second outage, what was taken in the first one stays taken', async () => {
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

  test('no room for another subject, the failure; a known one is decided on', async () => {
    const { fallback, state } = createUnreliable({ mostSubjects: 1 });
    const policy = ruled('local');
    state.fails = 'before';
    await decisionBy(fallback.store, admission('ada'), policy);

    await expect(decisionBy(fallback.store, admission('bob'), policy)).rejects.toThrow(StoreUnavailable);
    expect((await decisionBy(fallback.store, admission('ada'), policy)).admitted).toBe(true);
  });

  test('a caller that has given up, DeadlinePassed and nothing journalled', async () => {
    const { fallback, state } = createUnreliable();
    state.fails = 'before';
    const patience = { isGivenUp: () => true };
    for (const rule of ['local', 'admit'] as const)
      await expect(decisionBy(fallback.store, admission(), ruled(rule), patience)).rejects.toThrow(
        DeadlinePassed,
      );

    expect(fallback.state().journalEntries).toBe(0);
  });
});
