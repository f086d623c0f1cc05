import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { ALGORITHM_NAMES, type AlgorithmName } from '../../../daemon/quota/algorithms/registry';
import { RefundedRequest, UnknownRequest } from '../../../daemon/quota/errors';
import type { Limit } from '../../../daemon/quota/limits';
import type { Policy } from '../../../daemon/quota/policies';
import type { UsageQuery } from '../../../daemon/quota/usage';
import { ask, DAY_MS, HOUR_MS, openedStore, policyOf, remainingOf, type StoreFactory } from './store_factory';

const limitOf = (algorithm: AlgorithmName, more: Partial<Limit> = {}): Limit => {
  return { name: 'only', algorithm, limit: 5, windowMs: HOUR_MS, ...more };
};

/** A request that can be refunded. */
const askedOf = (policy: Policy, cost = 1) => {
  return { policy, subject: randomUUID(), cost, requestId: randomUUID() };
};

/** What is given back, once. */
export function describeRefunds(open: StoreFactory): void {
  const opened = () => {
    const store = openedStore(open);
    const refund = ({ policy, subject, requestId }: ReturnType<typeof askedOf>) =>
      store().refund({ request: { subject, policy: policy.name, requestId }, policy });
    const left = async ({ policy, subject }: ReturnType<typeof askedOf>) =>
      remainingOf(await store().readQuota(subject, policy));
    return { store, refund, left };
  };

  describe.each(ALGORITHM_NAMES)('refund: %s', (algorithm) => {
    const { store, refund, left } = opened();
    const policy = policyOf('refunded', [limitOf(algorithm)]);

    test('an admitted request gets back all that it took', async () => {
      const asked = askedOf(policy, 3);
      await ask(store(), { policy, subject: asked.subject });
      await ask(store(), asked);
      const refunded = await refund(asked);

      expect(refunded).toMatchObject({ isRefunded: true, cost: 3, freesEmpty: false });
      expect(remainingOf(refunded.limits)).toEqual({ only: 4 });
      expect(await left(asked)).toEqual({ only: 4 });
    });

    test('a second time gives nothing more back', async () => {
      const asked = askedOf(policy, 2);
      await ask(store(), asked);
      await ask(store(), { policy, subject: asked.subject, cost: 3 });
      await refund(asked);

      expect(await refund(asked)).toMatchObject({ isRefunded: false, cost: 0, limits: [{ remaining: 2 }] });
      expect(await left(asked)).toEqual({ only: 2 });
    });

    test('many refunds at once give back once', async () => {
      const asked = askedOf(policy, 2);
      await ask(store(), asked);
      const refunds = await Promise.all(Array.from({ length: 8 }, () => refund(asked)));

      expect(refunds.filter(({ isRefunded }) => isRefunded)).toHaveLength(1);
    });

    test('an id that was never admitted, or of another subject is UnknownRequest', async () => {
      const asked = askedOf(policy);
      await expect(refund(asked)).rejects.toBeInstanceOf(UnknownRequest);
      await ask(store(), asked);

      await expect(refund({ ...asked, subject: randomUUID() })).rejects.toBeInstanceOf(UnknownRequest);
    });

    test('the refund of a denied request is UnknownRequest', async () => {
      const asked = askedOf(policy, 6);
      await ask(store(), asked);

      await expect(refund(asked)).rejects.toBeInstanceOf(UnknownRequest);
    });

    test('a refunded id is not admitted again, at any cost', async () => {
      const asked = askedOf(policy, 2);
      await ask(store(), asked);
      await refund(asked);

      for (const cost of [2, 1])
        await expect(ask(store(), { ...asked, cost })).rejects.toBeInstanceOf(RefundedRequest);
      expect(await left(asked)).toEqual({ only: 5 });
    });

    test('what frees the first token of an exhausted limit says so', async () => {
      const asked = askedOf(policy, 2);
      await ask(store(), asked);
      await ask(store(), { policy, subject: asked.subject, cost: 3 });

      expect(await refund(asked)).toMatchObject({ freesEmpty: true });
      expect((await ask(store(), { policy, subject: asked.subject, cost: 2 })).admitted).toBe(true);
    });

    test('what an operator has given back is not given back twice', async () => {
      const asked = askedOf(policy, 4);
      await ask(store(), asked);
      await store().resetQuota(asked.subject, [policy]);
      await ask(store(), { policy, subject: asked.subject, cost: 5 });

      expect(await refund(asked)).toMatchObject({ isRefunded: true, cost: 4 });
      expect(await left(asked)).toEqual({ only: 0 });
    });

    test('an id is still refunded after a reset', async () => {
      const asked = askedOf(policy);
      await ask(store(), asked);
      await refund(asked);
      await store().resetQuota(asked.subject, [policy]);

      await expect(ask(store(), asked)).rejects.toBeInstanceOf(RefundedRequest);
    });

    test('what has come back by itself is not given back again', async () => {
      const short = policyOf('short', [limitOf(algorithm, { windowMs: 60 })]);
      const asked = askedOf(short, 5);
      await ask(store(), asked);
      await pause(70);
      const second = await ask(store(), { policy: short, subject: asked.subject, cost: 5 });
      const { limits, refundedUs } = await refund(asked);

      // Just what the second request took is out, until the moment at which it said so.
      const backUs = second.decidedUs + 60_000;
      expect(limits.map(({ resetDelayUs }) => resetDelayUs)).toEqual([Math.max(0, backUs - refundedUs)]);
    });

    test('a limit in shadow gets back what it took', async () => {
      const shadow = limitOf(algorithm, { name: 'tried', limit: 2, shadow: true });
      const shadowed = policyOf('shadowed', [limitOf(algorithm), shadow]);
      const [first, second] = [askedOf(shadowed), askedOf(shadowed, 2)];
      await ask(store(), first);
      // The shadow would have denied this one, and has none of it.
      await ask(store(), { ...second, subject: first.subject });
      await refund(first);

      expect(await left(first)).toEqual({ only: 3, tried: 2 });
    });
  });

  describe('refund, several limits', () => {
    const { store, refund, left } = opened();

    test('each is given back', async () => {
      const limits = ALGORITHM_NAMES.map((algorithm) => limitOf(algorithm, { name: algorithm }));
      const asked = askedOf(policyOf('several', limits), 5);
      await ask(store(), asked);
      const { limits: after, freesEmpty } = await refund(asked);

      expect(freesEmpty).toBe(true);
      expect(remainingOf(after)).toEqual(Object.fromEntries(ALGORITHM_NAMES.map((name) => [name, 5])));
      expect(await left(asked)).toEqual(remainingOf(after));
    });
  });

  describe('refund: a token bucket that an override has lowered', () => {
    const { store, refund, left } = opened();
    const policy = policyOf('lowered', [limitOf('token-bucket', { limit: 20 })]);
    const targetOf = (subject: string) => ({ subject, policy: policy.name, limitName: 'only' });
    const override = (subject: string, limit: number) =>
      store().setOverride({ ...targetOf(subject), limit, expireTimeMs: undefined, setBy: '' });
    const clear = (subject: string) => store().clearOverride(targetOf(subject));

    test('what was taken before stays taken, but for the refund', async () => {
      const asked = askedOf(policy, 5);
      await ask(store(), { policy, subject: asked.subject, cost: 15 });
      await ask(store(), asked);
      await override(asked.subject, 5);
      const { limits } = await refund(asked);
      await clear(asked.subject);

      expect(remainingOf(limits)).toEqual({ only: 0 });
      expect(await left(asked)).toEqual({ only: 5 });
    });

    test('to none, what is refunded is there once the override has ended', async () => {
      const asked = askedOf(policy, 5);
      await ask(store(), { policy, subject: asked.subject, cost: 15 });
      await ask(store(), asked);
      await override(asked.subject, 0);
      await refund(asked);
      await clear(asked.subject);

      expect(await left(asked)).toEqual({ only: 5 });
    });

    test('what was taken under the override is given back at once, and no more afterwards', async () => {
      const asked = askedOf(policy, 3);
      await ask(store(), { policy, subject: asked.subject });
      await override(asked.subject, 5);
      await ask(store(), asked);
      const before = await left(asked);
      const { limits } = await refund(asked);
      await clear(asked.subject);

      expect([before, remainingOf(limits), await left(asked)]).toEqual([
        { only: 1 },
        { only: 4 },
        { only: 19 },
      ]);
    });

    test('lowered again, it gives back nothing of what was taken before that', async () => {
      const quick = policyOf('lowered', [limitOf('token-bucket', { limit: 20, windowMs: 2000 })]);
      const asked = askedOf(quick, 4);
      const { subject } = asked;
      await ask(store(), { policy: quick, subject, cost: 6 });
      await override(subject, 10);
      // The whole bucket refills twice as fast.
      await pause(400);
      await ask(store(), asked);
      await override(subject, 9);
      const last = await ask(store(), { policy: quick, subject });
      const { limits, refundedUs } = await refund(asked);

      const fullUs = last.limits.map(({ resetDelayUs }) => last.decidedUs + resetDelayUs);
      expect(limits.map(({ resetDelayUs }) => refundedUs + resetDelayUs)).toEqual(fullUs);
    });

    test('what is taken under the override stays taken after it, as does what was taken before', async () => {
      const asked = askedOf(policy, 4);
      await ask(store(), { policy, subject: asked.subject, cost: 10 });
      await override(asked.subject, 12);
      await ask(store(), { ...asked, cost: 2 });
      await override(asked.subject, 11);
      await clear(asked.subject);

      expect(await left(asked)).toEqual({ only: 8 });
    });
  });

  describe('the statistics of what was refunded', () => {
    const connection = policyOf('connection', [limitOf('sliding-window')], { recordsConnections: true });
    const settings = { policies: [connection], windowsMs: [3 * DAY_MS] };
    const store = openedStore(open, settings);
    const query: UsageQuery = {
      recentCount: 10,
      topCount: 10,
      topWindowMs: 3 * DAY_MS,
      leastCount: 10,
      hourCount: 2,
    };
    const connect = async (subject: string) => {
      const requestId = randomUUID();
      await ask(store(), { policy: connection, subject, requestId });
      return { request: { subject, policy: connection.name, requestId }, policy: connection };
    };

    test('connections that leave the lists and counts, and are counted by the hour', async () => {
      const first = await connect('ada');
      await connect('bob');
      const last = await connect('ada');
      const only = await connect('eve');
      // What is refunded was counted before, or was not.
      await store().readUsage(query, [connection.name]);
      for (const each of [last, only]) await store().refund(each);
      await store().refund(last);
      const between = await store().readUsage({ ...query, subject: 'ada' }, [connection.name]);
      await store().refund(first);
      const after = await store().readUsage({ ...query, subject: 'ada' }, [connection.name]);

      expect(between.topUsers).toEqual([
        { subject: 'bob', count: 1 },
        { subject: 'ada', count: 1 },
      ]);
      expect(between.recentUsers.map(({ subject }) => subject)).toEqual(['bob', 'ada']);
      expect(between.subjectUsage).toMatchObject({ connectionCount: 1 });
      expect(after.topUsers).toEqual([{ subject: 'bob', count: 1 }]);
      expect(after.recentUsers.map(({ subject }) => subject)).toEqual(['bob']);
      const counts = after.hours.flatMap(({ policies }) => policies);
      expect(counts.reduce((sum, { admittedCount }) => sum + admittedCount, 0)).toBe(4);
      expect(counts.reduce((sum, { refundedCount }) => sum + refundedCount, 0)).toBe(3);
    });
  });
}
