import { describe, expect, test } from '@jest/globals';
import { type SimulatedSite, simulate } from '../../../bench/simulation/simulate';

const SITE: SimulatedSite = {
  masters: 3,
  partitions: 300,
  daemons: 2,
  users: { count: 1_000, exponent: 1 },
  callsPerSecond: 2_000,
  limit: 10,
  windowMs: 600_000,
  turn: { fixedUs: 60, callUs: 60 },
  hasDenialCache: true,
};

const RUN = { seconds: 5, startsEmpty: false, seed: 7 };

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

describe('the simulation', () => {
  test('gives the same result for the same seed, and another for another', () => {
    expect(simulate(SITE, RUN)).toEqual(simulate(SITE, RUN));
    expect(simulate(SITE, { ...RUN, seed: 8 })).not.toEqual(simulate(SITE, RUN));
  });

  test('loses no call', () => {
    const load = simulate(SITE, { ...RUN, startsEmpty: true });
    expect(load.calls).toBe(load.admitted + load.denied);
    expect(sum(load.daemonCalls)).toBe(load.calls);
    expect(sum(load.decidedBy)).toBe(load.calls - load.deniedByCache);
    expect(load.calls / (RUN.seconds * SITE.callsPerSecond)).toBeCloseTo(1, 1);
  });

  test('of an empty store, admits no user more than the limit', () => {
    const { admitted } = simulate(
      { ...SITE, users: { count: 20, exponent: 1 } },
      { ...RUN, startsEmpty: true },
    );
    expect(admitted).toBe(20 * SITE.limit);
  });

  test('of a hot user, asks the store four times a second for each daemon, as was measured', () => {
    const { hottest } = simulate({ ...SITE, users: { count: 1, exponent: 1 } }, { ...RUN, seconds: 20 });
    expect(hottest.decided / 20 / SITE.daemons).toBeLessThanOrEqual(4);
    expect(hottest.decided / 20 / SITE.daemons).toBeGreaterThan(3.5);
    expect(hottest.calls / 20).toBeGreaterThan(1_900);
  });

  test('without the cache, decides everything in the store', () => {
    const load = simulate({ ...SITE, hasDenialCache: false }, RUN);
    expect(load.deniedByCache).toBe(0);
    expect(sum(load.decidedBy)).toBe(load.calls);
  });

  test('of users who call alike, gives each master its share', () => {
    const site = { ...SITE, masters: 10, users: { count: 100_000, exponent: 0 } };
    const { decidedBy } = simulate(site, { ...RUN, seconds: 20 });
    expect(Math.max(...decidedBy) / (sum(decidedBy) / 10)).toBeLessThan(1.1);
  });

  test('with few partitions, joins more', () => {
    const busy = { ...SITE, callsPerSecond: 12_000, users: { count: 100_000, exponent: 0 } };
    const sizeOf = (partitions: number) => {
      const { decidedBy, callsTo } = simulate({ ...busy, partitions }, { ...RUN, seconds: 2 });
      return sum(decidedBy) / sum(callsTo);
    };
    const [one, sixteen, many] = [sizeOf(1), sizeOf(16), sizeOf(256)];
    expect(one).toBeGreaterThan(sixteen);
    expect(sixteen).toBeGreaterThan(many);
    expect(many).toBeLessThan(1.1);
  });
});
