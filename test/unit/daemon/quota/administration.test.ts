import { describe, expect, jest, test } from '@jest/globals';
import { createAdministration } from '../../../../daemon/quota/administration';
import { LoweredLimit } from '../../../../daemon/quota/erasing';
import { InvalidRequest } from '../../../../daemon/quota/errors';
import { parsePolicies } from '../../../../daemon/quota/policies';
import type { QuotaStore } from '../../../../daemon/quota/store';

const policies = parsePolicies(`
policies:
  tried:
    limits:
      - { name: enforced, algorithm: sliding-window, limit: 5, window: 10m }
      - { name: shadow, algorithm: sliding-window, limit: 1000, window: 10m, shadow: true }
  pair:
    limits:
      - { name: enforced, algorithm: sliding-window, limit: 10, window: 10m }
      - { name: shadow, algorithm: sliding-window, limit: 10, window: 10m, shadow: true }
  bucket:
    remember: 24h
    limits:
      - { name: rate, algorithm: token-bucket, limit: 1, window: 1s }
`);

/** What is overridden already, by the name of the limit. */
function administer(overridden: Readonly<Record<string, number>> = {}) {
  const setOverride = jest.fn<QuotaStore['setOverride']>(async (override) => ({ ...override, setTimeMs: 7 }));
  const readQuota: QuotaStore['readQuota'] = async (_, { limits }) =>
    limits.map(({ name, limit, windowMs }) => ({
      name,
      limit: overridden[name] ?? limit,
      remaining: 0,
      windowUs: windowMs * 1000,
      resetDelayUs: 0,
      nextDelayUs: 0,
      shadow: false,
      overridden: name in overridden,
      shadowDenied: false,
    }));
  const administration = createAdministration({
    currentPolicies: () => policies,
    store: { setOverride, readQuota } as Partial<QuotaStore> as QuotaStore,
    afterCaches: async () => undefined,
  });
  const set = (policy: string, limitName: string, limit: number) =>
    administration.setOverride({
      subject: '42',
      policy,
      limitName,
      limit,
      expireTimeMs: undefined,
      setBy: 'x',
    });
  return { set, setOverride, requireNoneLowered: administration.requireNoneLowered };
}

async function descriptionsOf(call: Promise<unknown>): Promise<string[]> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof InvalidRequest)) throw new Error('it was expected to be rejected');
  return error.faults.map(({ field, description }) => `${field}: ${description}`);
}

describe('setOverride', () => {
  test('a size with which one call could take Redis too long is rejected with the calculation', async () => {
    const { set, setOverride } = administer();

    expect(await descriptionsOf(set('tried', 'enforced', 1000))).toEqual([
      expect.stringMatching(/^limit: one call could take Redis 2430 µs, and 2000 µs is the most: 20 µs, /),
    ]);
    expect(setOverride).not.toHaveBeenCalled();
  });

  test.each([
    ['enforced', 'shadow'],
    ['shadow', 'enforced'],
  ])(
    'a size of %s that is within the bounds but for an override of %s is rejected',
    async (limitName, other) => {
      const alone = administer();
      const beside = administer({ [other]: 1000 });
      await alone.set('pair', limitName, 1000);

      expect(await descriptionsOf(beside.set('pair', limitName, 1000))).toEqual([
        expect.stringMatching(/^limit: one call could take Redis 2430 µs/),
      ]);
      expect(alone.setOverride).toHaveBeenCalledTimes(1);
      expect(beside.setOverride).not.toHaveBeenCalled();
    },
  );

  test('a size beside a smaller override is judged by what is configured', async () => {
    const { set } = administer({ shadow: 1 });

    expect(await descriptionsOf(set('tried', 'enforced', 1000))).toHaveLength(1);
  });

  test('a size with which too many request ids would be kept is rejected with the number', async () => {
    const { set } = administer();

    expect(await descriptionsOf(set('bucket', 'rate', 2))).toEqual([
      expect.stringMatching(/^limit: up to 172802 request ids of one subject would be kept for 1d/),
    ]);
  });

  test.each([0, 5, 600])('a size of %i, within the bounds, set', async (size) => {
    const { set, setOverride } = administer();

    await set('tried', 'enforced', size);

    expect(setOverride).toHaveBeenCalledTimes(1);
  });
});

describe('requireNoneLowered', () => {
  test.each([
    ['no override', {}],
    ['a limit that was raised', { enforced: 11, rate: 2 }],
  ])('a subject with %s passes', async (_, overridden) => {
    await administer(overridden).requireNoneLowered('42');
  });

  test.each<Record<string, number>>([{ rate: 0 }, { shadow: 9 }])(
    'a subject with the override %j does not pass',
    async (overridden) => {
      await expect(administer(overridden).requireNoneLowered('42')).rejects.toThrow(LoweredLimit);
    },
  );
});
