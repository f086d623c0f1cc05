import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { ALGORITHM_NAMES } from '../../../daemon/quota/algorithms/registry';
import { createJointAdmission, type Part, type RaceResult } from '../../../daemon/quota/joint_admission';
import type { Policy } from '../../../daemon/quota/policies';
import type { QuotaStore } from '../../../daemon/quota/store';
import { ask, HOUR_MS, openedStore, policyOf, remainingOf, type StoreFactory } from './store_factory';

/** More requests than either limit admits. */
const CROWD = 30;

function jointlyOn(store: QuotaStore) {
  const races: RaceResult[] = [];
  const admitTogether = createJointAdmission({
    store,
    admitAll: store.admitAll,
    refund: store.refund,
    onRace: (result) => races.push(result),
  });
  return { races, admitTogether };
}

const partOf = (policy: Policy, more: Partial<Part> = {}): Part => {
  return { policy, subject: randomUUID(), cost: 1, requestId: undefined, ...more };
};

/** Takings of several subjects that happen together, or not at all. */
export function describeJointAdmissions(open: StoreFactory): void {
  describe.each(ALGORITHM_NAMES)('joint admission: %s', (algorithm) => {
    const store = openedStore(open);
    const limitOf = (limit: number) => ({ name: 'only', algorithm, limit, windowMs: HOUR_MS });
    const wide = policyOf('wide', [limitOf(20)]);
    const narrow = policyOf('narrow', [limitOf(5)]);
    const left = async ({ policy, subject }: Part) =>
      remainingOf(await store().readQuota(subject, policy)).only;

    test('takes the cost of each part from its own limit', async () => {
      const { admitTogether } = jointlyOn(store());
      const parts = [partOf(wide, { cost: 3 }), partOf(narrow)];
      const { admitted, parts: decisions } = await admitTogether(parts);

      expect(admitted).toBe(true);
      expect(decisions.map(({ limits }) => remainingOf(limits).only)).toEqual([17, 4]);
      expect(await Promise.all(parts.map(left))).toEqual([17, 4]);
    });

    test('takes nothing from any part if one lacks tokens', async () => {
      const { admitTogether, races } = jointlyOn(store());
      const parts = [partOf(wide), partOf(narrow, { cost: 2 })];
      await ask(store(), { policy: narrow, subject: (parts[1] as Part).subject, cost: 4 });
      const { admitted, parts: decisions } = await admitTogether(parts);

      expect(admitted).toBe(false);
      expect(decisions.map((decision) => decision.admitted)).toEqual([true, false]);
      expect(decisions[1]?.retryDelayUs).toBeGreaterThan(0);
      expect(await Promise.all(parts.map(left))).toEqual([20, 1]);
      expect(races).toEqual([]);
    });

    test('only checks a part of cost 0, which denies once nothing is left', async () => {
      const { admitTogether } = jointlyOn(store());
      const parts = [partOf(wide), partOf(narrow, { cost: 0 })];

      expect(await admitTogether(parts)).toMatchObject({ admitted: true });
      await ask(store(), { policy: narrow, subject: (parts[1] as Part).subject, cost: 5 });
      const { admitted, parts: decisions } = await admitTogether(parts);
      expect(admitted).toBe(false);
      expect(decisions[1]).toMatchObject({ admitted: false, limits: [{ remaining: 0 }] });
      expect(decisions[1]?.retryDelayUs).toBeGreaterThan(0);
      expect(await Promise.all(parts.map(left))).toEqual([19, 0]);
    });

    test('decides on parts of one subject and policy by their total cost', async () => {
      const { admitTogether, races } = jointlyOn(store());
      const part = partOf(narrow, { cost: 3 });

      expect(await admitTogether([part, part])).toMatchObject({ admitted: false });
      expect(await left(part)).toBe(5);
      expect(await admitTogether([part, { ...part, cost: 2 }])).toMatchObject({ admitted: true });
      expect(await left(part)).toBe(0);
      expect(races).toEqual([]);
    });

    test('admits a repeat under its ids again, although nothing is left, and takes nothing', async () => {
      const { admitTogether } = jointlyOn(store());
      const parts = [
        partOf(wide, { requestId: randomUUID() }),
        partOf(narrow, { cost: 5, requestId: randomUUID() }),
      ];
      await admitTogether(parts);

      expect(await admitTogether(parts)).toMatchObject({ admitted: true });
      expect(await Promise.all(parts.map(left))).toEqual([19, 0]);
    });

    test('takes anew for a total that one of its ids had not, and once for a repeat in any order', async () => {
      const { admitTogether } = jointlyOn(store());
      const one = partOf(wide, { requestId: randomUUID() });
      const other = { ...one, cost: 2, requestId: randomUUID() };

      for (const [parts, remaining] of [
        [[one], 19],
        [[one, one], 17],
        [[one, one], 17],
        [[one, other], 14],
        [[other, one], 14],
        [[one, { ...one, cost: 0 }], 14],
        [[other], 12],
      ] as const) {
        expect(await admitTogether(parts)).toMatchObject({ admitted: true });
        expect(await left(one)).toBe(remaining);
      }
    });

    test('in a crowd admits as many as the narrowest limit, and in the end takes for no other', async () => {
      const { admitTogether } = jointlyOn(store());
      const [one, other] = [partOf(narrow), partOf(wide)];
      const decisions = await Promise.all(Array.from({ length: CROWD }, () => admitTogether([other, one])));

      expect(decisions.filter(({ admitted }) => admitted)).toHaveLength(5);
      expect(await left(one)).toBe(0);
      // A bucket may have given back a part of a token less.
      expect([14, 15]).toContain(await left(other));
    });

    test('gives back what it took after somebody else has taken the rest in between, and counts the race', async () => {
      const real = store();
      const parts = [partOf(wide), partOf(narrow)];
      const { subject } = parts[1] as Part;
      const raced: QuotaStore = {
        ...real,
        async admitAll(asked, patience) {
          await ask(real, { policy: narrow, subject, cost: 5 });
          return real.admitAll(asked, patience);
        },
      };
      const { admitTogether, races } = jointlyOn(raced);
      const { admitted, parts: decisions } = await admitTogether(parts);

      expect(admitted).toBe(false);
      expect(decisions.map(({ limits }) => remainingOf(limits).only)).toEqual([20, 0]);
      expect(await left(parts[0] as Part)).toBe(20);
      expect(races).toEqual(['refunded']);
    });

    test('denies a repeat of what was given back, alone and with others, and takes nothing', async () => {
      const part = partOf(wide, { requestId: randomUUID() });
      const { subject, requestId = '' } = part;
      await ask(store(), { policy: wide, subject, requestId });
      await store().refund({ request: { subject, policy: wide.name, requestId }, policy: wide });
      const { admitTogether } = jointlyOn(store());
      const other = partOf(narrow, { requestId: randomUUID() });

      expect(await admitTogether([part])).toMatchObject({ admitted: false });
      expect(await admitTogether([part, other])).toMatchObject({ admitted: false });
      expect(await Promise.all([part, other].map(left))).toEqual([20, 5]);
    });
  });
}
