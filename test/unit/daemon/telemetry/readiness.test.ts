import { describe, expect, test } from '@jest/globals';
import { readinessOf } from '../../../../daemon/telemetry/readiness';

const yes = async () => true;

describe('readinessOf', () => {
  test('every part ready, ready', async () => {
    expect(await readinessOf({ state: 'serving', checks: { redis: yes, grpc: yes } })).toEqual({
      ready: true,
      state: 'serving',
      parts: { redis: true, grpc: true },
    });
  });

  test('a part that is not, one that throws and one that hangs, not ready and each named', async () => {
    const checks = {
      redis: yes,
      no: async () => false,
      throws: () => Promise.reject(new Error('away')),
      hangs: () => new Promise<boolean>(() => undefined),
    };

    expect(await readinessOf({ state: 'starting', checks })).toEqual({
      ready: false,
      state: 'starting',
      parts: { redis: true, no: false, throws: false, hangs: false },
    });
  });
});
