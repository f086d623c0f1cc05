import { describe, expect, test } from '@jest/globals';
import { parseRateLimit } from '../../../../../daemon/grpc/envoy/validate';
import { type FieldFault, InvalidRequest } from '../../../../../daemon/quota/errors';
import type { RateLimitDescriptor } from '../../../../../gen/envoy/extensions/common/ratelimit/v3/ratelimit';
import type { RateLimitRequest } from '../../../../../gen/envoy/service/ratelimit/v3/rls';
import { RateLimitUnit } from '../../../../../gen/envoy/type/v3/ratelimit_unit';

const MINUTE_MS = 60_000;

type Given = Partial<RateLimitDescriptor>;

function requestOf(descriptors: readonly Given[], more: Partial<RateLimitRequest> = {}): RateLimitRequest {
  return {
    domain: 'shop',
    hitsAddend: 0,
    ...more,
    descriptors: descriptors.map((each) => ({ ...DESCRIPTOR, ...each })),
  };
}

const DESCRIPTOR: RateLimitDescriptor = {
  entries: [{ key: 'user', value: 'hugo' }],
  limit: undefined,
  hitsAddend: undefined,
  isNegativeHits: false,
};

const parse = (request: RateLimitRequest) => parseRateLimit(request, undefined);

function faultsOf(request: RateLimitRequest): readonly FieldFault[] {
  try {
    parse(request);
    return [];
  } catch (error) {
    if (error instanceof InvalidRequest) return error.faults;
    throw error;
  }
}

describe('the cost of a descriptor', () => {
  const costOf = (hitsAddend: number | undefined, ofRequest = 0) =>
    parse(requestOf([{ hitsAddend }], { hitsAddend: ofRequest })).descriptors[0]?.cost;

  test.each([
    ['neither is set', undefined, 0, 1],
    ['the request sets 3', undefined, 3, 3],
    ['the descriptor sets 2 and the request 3', 2, 3, 2],
    ['the descriptor sets 0 and the request 3', 0, 3, 0],
    ['the request sets more than any limit holds', undefined, 4_294_967_295, 2_147_483_647],
    ['the descriptor sets more than any limit holds', Number.MAX_SAFE_INTEGER, 0, 2_147_483_647],
  ])('if %s, follows it', (_, ofDescriptor, ofRequest, cost) => {
    expect(costOf(ofDescriptor, ofRequest)).toBe(cost);
  });
});

describe('an override', () => {
  test.each([
    [{ unit: RateLimitUnit.MINUTE, unitMultiplier: undefined }, MINUTE_MS],
    [{ unit: RateLimitUnit.MINUTE, unitMultiplier: 10 }, 10 * MINUTE_MS],
    [{ unit: RateLimitUnit.DAY, unitMultiplier: undefined }, 1440 * MINUTE_MS],
  ])('of %j, has a window', (limit, windowMs) => {
    const { descriptors } = parse(requestOf([{ limit: { requestsPerUnit: 7, ...limit } }]));

    expect(descriptors[0]?.override).toEqual({ limit: 7, windowMs });
  });

  test.each([RateLimitUnit.UNKNOWN, RateLimitUnit.MONTH, RateLimitUnit.YEAR])(
    'of the unit %d, which has no fixed length, is ignored',
    (unit) => {
      const { descriptors } = parse(
        requestOf([{ limit: { requestsPerUnit: 7, unit, unitMultiplier: undefined } }]),
      );

      expect(descriptors[0]?.override).toBeUndefined();
    },
  );
});

test('a request without a domain and descriptors reports both', () => {
  expect(faultsOf(requestOf([], { domain: '' }))).toEqual([
    { field: 'domain', description: 'is required' },
    { field: 'descriptors', description: 'must hold 1 to 100; it holds 0' },
  ]);
});

test('a request with too many descriptors is rejected', () => {
  expect(faultsOf(requestOf(Array(100).fill({})))).toEqual([]);
  expect(faultsOf(requestOf(Array(101).fill({})))).toMatchObject([{ field: 'descriptors' }]);
});

test('negative hits are rejected at their descriptor', () => {
  expect(faultsOf(requestOf([{}, { hitsAddend: 1, isNegativeHits: true }]))).toEqual([
    {
      field: 'descriptors[1].is_negative_hits',
      description: 'must be false: Refund gives back what a request took',
    },
  ]);
});
