import { describe, expect, test } from '@jest/globals';
import type { Admission, Decision, LimitStatus } from '../../../../daemon/quota/admission';
import { createDecisionFeed, publishRefundsTo, publishTo } from '../../../../daemon/quota/decision_feed';
import { StoreUnavailable, UnknownPolicy, UnknownService } from '../../../../daemon/quota/errors';
import { createLimiter } from '../../../../daemon/quota/limiter';
import type { Policies, Policy } from '../../../../daemon/quota/policies';
import type { Refund } from '../../../../daemon/quota/refund';
import type { QuotaStore } from '../../../../daemon/quota/store';
import type { ServiceCall, ServiceUsage, Usage } from '../../../../daemon/quota/usage';

const policy: Policy = {
  name: 'connection',
  limits: [],
  recordsConnections: true,
  onStoreFailure: 'deny',
  rememberMs: 60_000,
};
const policies: Policies = {
  services: ['vente', 'achat', 'prêt'],
  byName: new Map([['connection', policy]]),
  statistics: { windowsMs: [1000] },
};

const admission: Admission = { subject: '42', policy: 'connection', cost: 1, requestId: undefined };
const call: ServiceCall = { subject: '42', service: 'vente', requestId: undefined, callTimeMs: undefined };
const query = { recentCount: 10, topCount: 3, topWindowMs: 1000, leastCount: 10, hourCount: 2 };
const usage: Usage = {
  recentUsers: [],
  topUsers: [],
  leastActiveUsers: [],
  services: [],
  readTimeMs: 7,
  completeSinceMs: 3,
  hours: [],
};
const decision: Decision = {
  admitted: true,
  isRepeat: false,
  limits: [],
  retryDelayUs: undefined,
  decidedUs: 7,
};

const refund: Refund = { isRefunded: true, cost: 2, limits: [], freesEmpty: false, refundedUs: 9 };

interface Answers {
  readonly decision?: Decision;
  readonly refund?: Refund;
  readonly services?: ServiceUsage[];
  readonly failure?: Error;
}

/** A store with preset answers, which records the requests. */
function fakeStore(answers: Answers = {}) {
  const asked: unknown[][] = [];
  async function answer<T>(question: unknown[], value: T): Promise<T> {
    asked.push(question);
    if (answers.failure) throw answers.failure;
    return value;
  }
  const store: QuotaStore = {
    // As the real one, it does not throw.
    admitAll: (questions, patience) =>
      Promise.all(
        questions.map(({ admission: one, policy: of }) =>
          answer(
            [one, of, ...(patience === undefined ? [] : [patience])],
            answers.decision ?? decision,
          ).catch((error: Error) => error),
        ),
      ),
    refund: (...question) => answer(question, answers.refund ?? refund),
    recordCall: (...question) => answer(question, true),
    readUsage: (...question) => answer(question, { ...usage, services: answers.services ?? [] }),
    readQuota: (...question) => answer(question, []),
    resetQuota: (...question) => answer(question, 0),
    setOverride: (...question) => answer(question, undefined),
    raiseLimit: (...question) => answer(question, undefined),
    clearOverride: (...question) => answer(question, false),
    listDenied: (...question) => answer(question, []),
    listOverrides: (...question) => answer(question, { overrides: [], nextPageToken: undefined }),
  };
  const feed = createDecisionFeed();
  return {
    asked,
    feed,
    limiter: createLimiter({
      currentPolicies: () => policies,
      store,
      onDecision: [publishTo(feed)],
      onRefund: [publishRefundsTo(feed)],
      onRace: () => undefined,
      async afterCaches() {
        asked.push(['after caches']);
      },
    }),
  };
}

function status(name: string, remaining: number, resetDelayUs: number): LimitStatus {
  const flags = { shadow: false, shadowDenied: false, overridden: false };
  return { name, remaining, resetDelayUs, nextDelayUs: 0, limit: 10, windowUs: 1000, ...flags };
}

describe('limiter', () => {
  test('an admission is decided by the store on the policy of that name', async () => {
    const { asked, limiter } = fakeStore();

    expect(await limiter.admit(admission)).toEqual(decision);
    expect(asked).toEqual([[admission, policy]]);
  });

  test('an unknown policy is rejected and the store not asked', async () => {
    const { asked, limiter } = fakeStore();

    await expect(limiter.admit({ ...admission, policy: 'connexion' })).rejects.toThrow(UnknownPolicy);
    expect(asked).toEqual([]);
  });

  test.each(['toString', '__proto__', 'constructor'])('the policy %s is unknown', async (name) => {
    await expect(fakeStore().limiter.admit({ ...admission, policy: name })).rejects.toThrow(UnknownPolicy);
  });

  test('limits in any order have the tightest first: the least left, then the longest until it is free', async () => {
    const limits = [
      status('roomy', 9, 1),
      status('short', 2, 50),
      status('long', 2, 60),
      status('empty', 0, 5),
    ];
    const { limiter } = fakeStore({ decision: { ...decision, limits } });

    const { limits: ordered } = await limiter.admit(admission);

    expect(ordered.map(({ name }) => name)).toEqual(['empty', 'long', 'short', 'roomy']);
  });

  test('a shadow limit, last however tight it is', async () => {
    const limits = [{ ...status('shadow', 0, 9), shadow: true }, status('roomy', 9, 1)];
    const { limiter } = fakeStore({ decision: { ...decision, limits } });

    const { limits: ordered } = await limiter.admit(admission);

    expect(ordered.map(({ name }) => name)).toEqual(['roomy', 'shadow']);
  });

  test('a decision is sent to the watchers', async () => {
    const { feed, limiter } = fakeStore();
    const watcher = feed.watch({ subject: undefined, policy: undefined, verdict: undefined });

    await limiter.admit(admission);

    expect(watcher.take()).toEqual({ admission, decision, missedCount: 0 });
  });

  test('a call of a configured service is recorded', async () => {
    const { asked, limiter } = fakeStore();

    const patience = { deadlineMs: 7 };

    expect(await limiter.recordCall(call, patience)).toBe(true);
    expect(asked).toEqual([[call, patience]]);
  });

  test('an unknown service is rejected, and nothing is recorded', async () => {
    const { asked, limiter } = fakeStore();

    await expect(limiter.recordCall({ ...call, service: 'location' })).rejects.toThrow(UnknownService);
    expect(asked).toEqual([]);
  });

  test('the use of services, the most used first, those never called included, those removed left out', async () => {
    const services = [
      { service: 'vente', callCount: 2 },
      { service: 'location', callCount: 99 },
      { service: 'prêt', callCount: 5 },
    ];

    expect((await fakeStore({ services }).limiter.usage(query)).services).toEqual([
      { service: 'prêt', callCount: 5 },
      { service: 'vente', callCount: 2 },
      { service: 'achat', callCount: 0 },
    ]);
  });

  test('the hours of decisions are asked of the store for every policy of the file', async () => {
    const { asked, limiter } = fakeStore();

    await limiter.usage(query);

    expect(asked).toEqual([[query, ['connection']]]);
  });

  test('services of equal use, in the order of the file', async () => {
    const { services } = await fakeStore().limiter.usage(query);

    expect(services.map(({ service }) => service)).toEqual(['vente', 'achat', 'prêt']);
  });

  test('an unreachable store is reported as such and never as a denial', async () => {
    const failure = new StoreUnavailable({ cause: new Error('gone') });
    const { limiter } = fakeStore({ failure });

    const answers = [limiter.admit(admission), limiter.recordCall(call), limiter.usage(query)];
    expect(
      (await Promise.allSettled(answers)).map((answer) => answer.status === 'rejected' && answer.reason),
    ).toEqual([failure, failure, failure]);
  });

  test('a refund is published and given back at once', async () => {
    const { asked, feed, limiter } = fakeStore();
    const watcher = feed.watch({ subject: undefined, policy: undefined, verdict: 'refunded' });
    const request = { subject: '42', policy: 'connection', requestId: 'id' };

    expect(await limiter.refund(request)).toEqual(refund);
    expect(asked).toEqual([[{ request, policy }]]);
    expect(watcher.take()).toMatchObject({
      admission: { cost: 2 },
      decision: { decidedUs: 9 },
      isRefund: true,
    });
  });

  test('a refund that frees an exhausted limit is given back after the caches', async () => {
    const { asked, limiter } = fakeStore({ refund: { ...refund, freesEmpty: true } });
    await limiter.refund({ subject: '42', policy: 'connection', requestId: 'id' });

    expect(asked.at(-1)).toEqual(['after caches']);
  });

  test('a refund that had been made before is not published', async () => {
    const { feed, limiter } = fakeStore({ refund: { ...refund, isRefunded: false } });
    const watcher = feed.watch({ subject: undefined, policy: undefined, verdict: undefined });
    await limiter.refund({ subject: '42', policy: 'connection', requestId: 'id' });

    expect(watcher.take()).toBeUndefined();
  });

  test('a refund of an unknown policy is rejected', async () => {
    const request = { subject: '42', policy: 'connexion', requestId: 'id' };

    await expect(fakeStore().limiter.refund(request)).rejects.toThrow(UnknownPolicy);
  });
});
