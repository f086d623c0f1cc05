import { describe, expect, test } from '@jest/globals';
import { createPastDecider } from '../../../../daemon/memory/past';
import type { Limit } from '../../../../daemon/quota/limits';
import type { Policies } from '../../../../daemon/quota/policies';
import { type PastRequest, replay } from '../../../../daemon/quota/replay';
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

describe('replay', () => {
  test('a tighter candidate, whom it would have denied', async () => {
    const past = [
      request(1),
      request(2),
      request(3),
      request(4, { subject: 'bob' }),
      request(5, { admitted: false }),
    ];

    const { firstMs, lastMs, differences } = await replay(
      inOrder(past),
      policiesOf(window(1)),
      createPastDecider(),
    );

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

    const { differences } = await replay(inOrder(past), policiesOf(window(9)), createPastDecider());

    expect(differences[0]?.newlyAdmitted).toEqual(new Map([['ada', 1]]));
  });

  test('a policy that the candidate lacks is listed separately', async () => {
    const { differences } = await replay(
      inOrder([request(1, { policy: 'gone' })]),
      policiesOf(window(9)),
      createPastDecider(),
    );

    expect(differences).toMatchObject([{ policy: 'gone', requestCount: 1, wouldDenyCount: undefined }]);
  });

  test('a refund is given back and not counted as a request', async () => {
    const past = [request(1), request(2, { refundedTimeMs: 1 }), request(3)];

    const { differences } = await replay(inOrder(past), policiesOf(window(1)), createPastDecider());

    expect(differences).toMatchObject([{ requestCount: 2, deniedCount: 0, wouldDenyCount: 0 }]);
  });
});
