import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Limit } from '../../../../daemon/quota/limits';
import type { Policies } from '../../../../daemon/quota/policies';
import { replay } from '../../../../daemon/quota/replay';
import { createSimulation, type PastRequest } from '../../../../daemon/quota/simulation';
import { admitModel, modelOf } from '../../../helpers/admission_model';
import { policyOf } from '../../../helpers/limit_store';

function policiesOf(...limits: Limit[]): Policies {
  return {
    services: [],
    byName: new Map([['tried', policyOf(limits)]]),
    statistics: { windowsMs: [] },
  };
}

const window = (limit: number, windowMs = 1000): Limit => ({
  name: 'window',
  algorithm: 'sliding-window',
  limit,
  windowMs,
});

const request = (timeMs: number, rest: Partial<PastRequest> = {}): PastRequest => ({
  subject: 'ada',
  policy: 'tried',
  cost: 1,
  timeMs,
  admitted: true,
  ...rest,
});

async function* inOrder(requests: PastRequest[]): AsyncGenerator<PastRequest> {
  yield* requests;
}

describe('simulation', () => {
  test('any limits and any past, decided as the reference model decides', () => {
    const limitArbitrary = fc.record({
      algorithm: fc.constantFrom('sliding-window' as const, 'token-bucket' as const),
      limit: fc.integer({ min: 1, max: 7 }),
      windowMs: fc.integer({ min: 1, max: 200 }),
    });
    const stepArbitrary = fc.record({
      cost: fc.integer({ min: 1, max: 8 }),
      pauseMs: fc.integer({ min: 0, max: 90 }),
    });
    fc.assert(
      fc.property(
        fc.array(limitArbitrary, { minLength: 1, maxLength: 3 }),
        fc.array(stepArbitrary, { maxLength: 40 }),
        (limits, steps) => {
          const named = limits.map((limit, index) => ({ name: `limit-${index}`, ...limit }));
          const decide = createSimulation(policiesOf(...named));
          const model = named.map(modelOf);
          let timeMs = 1_000_000;
          for (const { cost, pauseMs } of steps) {
            timeMs += pauseMs;
            expect(decide(request(timeMs, { cost }))).toBe(admitModel(model, cost, timeMs * 1000).admitted);
          }
        },
      ),
    );
  });

  test('two subjects, each counted by itself', () => {
    const decide = createSimulation(policiesOf(window(1)));

    expect(['ada', 'bob', 'ada'].map((subject) => decide(request(1, { subject })))).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('a shadow limit, refuses nothing', () => {
    const decide = createSimulation(policiesOf({ ...window(1), shadow: true }));

    expect([decide(request(1)), decide(request(1))]).toEqual([true, true]);
  });
});

describe('replay', () => {
  test('a tighter candidate, whom it would have denied', async () => {
    const past = [
      request(1),
      request(2),
      request(3),
      request(4, { subject: 'bob' }),
      request(5, { admitted: false }),
    ];

    const { firstMs, lastMs, differences } = await replay(inOrder(past), policiesOf(window(1)));

    expect([firstMs, lastMs]).toEqual([1, 5]);
    expect(differences).toEqual([
      {
        policy: 'tried',
        requestCount: 5,
        deniedCount: 1,
        wouldDenyCount: 3,
        newlyDenied: new Map([['ada', 2]]),
        newlyAdmitted: new Map(),
      },
    ]);
  });

  test('a wider candidate, whom it would have admitted', async () => {
    const past = [request(1), request(2, { admitted: false })];

    const { differences } = await replay(inOrder(past), policiesOf(window(9)));

    expect(differences[0]?.newlyAdmitted).toEqual(new Map([['ada', 1]]));
  });

  test('a policy that the candidate does not have, told apart', async () => {
    const { differences } = await replay(inOrder([request(1, { policy: 'gone' })]), policiesOf(window(9)));

    expect(differences).toMatchObject([{ policy: 'gone', requestCount: 1, wouldDenyCount: undefined }]);
  });
});
