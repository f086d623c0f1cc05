import { describe, expect, test } from '@jest/globals';
import { readinessOf } from '../../../../daemon/telemetry/readiness';

const yes = async () => true;

describe('readinessOf', () => {
  test('it is ready if every part is', async () => {
    expect(
      await readinessOf({ state: 'serving', canDecide: true, checks: { redis: yes, grpc: yes } }),
    ).toEqual({
      ready: true,
      state: 'serving',
      parts: { redis: true, grpc: true },
    });
  });

  test('a part that is not ready, one that throws and one that hangs are each named', async () => {
    const checks = {
      redis: yes,
      no: async () => false,
      throws: () => Promise.reject(new Error('away')),
      hangs: () => new Promise<boolean>(() => undefined),
    };

    expect(await readinessOf({ state: 'starting', canDecide: true, checks })).toEqual({
      ready: false,
      state: 'starting',
      parts: { redis: true, no: false, throws: false, hangs: false },
    });
  });

  test.each([
    ['serving', true, true],
    ['serving', false, false],
    ['draining', true, false],
    ['starting', true, false],
  ] as const)('%s, and it can decide: %s, ready: %s', async (state, canDecide, ready) => {
    const checks = { calls: async () => false };

    expect(await readinessOf({ state, canDecide, checks })).toEqual({
      ready,
      state,
      parts: { calls: false },
    });
  });
});
