import { describe, expect, test } from '@jest/globals';
import type { Admission, Decision, LimitStatus } from '../../../../daemon/quota/admission';
import { createDecisionFeed, publishTo } from '../../../../daemon/quota/decision_feed';
import { StoreUnavailable, UnknownPolicy, UnknownService } from '../../../../daemon/quota/errors';
import { createLimiter } from '../../../../daemon/quota/limiter';
import type { Policies, Policy } from '../../../../daemon/quota/policies';
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

/** A store that says what it is told to, and remembers what it was asked. */
function fakeStore(answers: { decision?: Decision; services?: ServiceUsage[]; failure?: Error } = {}) {
  const asked: unknown[][] = [];
  async function answer<T>(question: unknown[], value: T): Promise<T> {
    asked.push(question);
    if (answers.failure) throw answers.failure;
    return value;
  }
  const store: QuotaStore = {
    admit: (...question) => answer(question, answers.decision ?? decision),
    recordCall: (...question) => answer(question, true),
    readUsage: (...question) => answer(question, { ...usage, services: answers.services ?? [] }),
    readQuota: (...question) => answer(question, []),
    resetQuota: (...question) => answer(question, 0),
    setOverride: (...question) => answer(question, undefined),
    clearOverride: (...question) => answer(question, false),
    listOverrides: (...question) => answer(question, { overrides: [], nextPageToken: undefined }),
  };
  const feed = createDecisionFeed();
  return {
    asked,
    feed,
    limiter: createLimiter({ currentPolicies: () => policies, store, onDecision: [publishTo(feed)] }),
  };
}

function status(name: string, remaining: number, resetDelayUs: number): LimitStatus {
  const flags = { shadow: false, shadowDenied: false, overridden: false };
  return { name, remaining, resetDelayUs, nextDelayUs: 0, limit: 10, windowUs: 1000, ...flags };
}

describe('limiter', () => {
  test('an admission, decided by the store on the policy of that name', async () => {
    const { asked, limiter } = fakeStore();

    expect(await limiter.admit(admission)).toEqual(decision);
    expect(asked).toEqual([[admission, policy]]);
  });

  test('an unknown policy, refused and the store not asked', async () => {
    const { asked, limiter } = fakeStore();

    await expect(limiter.admit({ ...admission, policy: 'connexion' })).rejects.toThrow(UnknownPolicy);
    expect(asked).toEqual([]);
  });

  test.each(['toString', '__proto__', 'constructor'])('the policy %s, unknown', async (name) => {
    await expect(fakeStore().limiter.admit({ ...admission, policy: name })).rejects.toThrow(UnknownPolicy);
  });

  test('limits in any order, the tightest first: the least left, then the longest until it is free', async () => {
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

  test('a decision, told to those who watch', async () => {
    const { feed, limiter } = fakeStore();
    const watcher = feed.watch({ subject: undefined, policy: undefined, admitted: undefined });

    await limiter.admit(admission);

    expect(watcher.take()).toEqual({ admission, decision, missedCount: 0 });
  });

  test('a call of a configured service, recorded', async () => {
    const { asked, limiter } = fakeStore();

    expect(await limiter.recordCall(call)).toBe(true);
    expect(asked).toEqual([[call]]);
  });

  test('an unknown service, refused and nothing recorded', async () => {
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

  test('the hours of decisions, asked of the store for every policy of the file', async () => {
    const { asked, limiter } = fakeStore();

    await limiter.usage(query);

    expect(asked).toEqual([[query, ['connection']]]);
  });

  test('services of equal use, in the order of the file', async () => {
    const { services } = await fakeStore().limiter.usage(query);

    expect(services.map(({ service }) => service)).toEqual(['vente', 'achat', 'prêt']);
  });

  test('a store out of reach, told as it is and never as a denial', async () => {
    const failure = new StoreUnavailable({ cause: new Error('gone') });
    const { limiter } = fakeStore({ failure });

    const answers = [limiter.admit(admission), limiter.recordCall(call), limiter.usage(query)];
    expect(
      (await Promise.allSettled(answers)).map((answer) => answer.status === 'rejected' && answer.reason),
    ).toEqual([failure, failure, failure]);
  });
});
