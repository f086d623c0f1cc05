import { describe, expect, test } from '@jest/globals';
import { parseRateLimit } from '../../../../../daemon/grpc/envoy/validate';
import { InvalidRequest } from '../../../../../daemon/quota/errors';
import { RateLimitRequest } from '../../../../../gen/envoy/service/ratelimit/v3/rls';
import { RECORDED, RECORDED_ROUTES } from '../../../../helpers/recorded_envoy';

const ADDRESS = { entries: [{ key: 'remote_address', value: '127.0.0.1' }], cost: 1, override: undefined };

function parseRecorded(name: string) {
  const bytes = Buffer.from(RECORDED[name] ?? '', 'hex');
  return parseRateLimit(RateLimitRequest.decode(bytes), undefined);
}

/** The request, as far as it is read: a field that is not known would be lost. */
function written(name: string): string {
  const request = RateLimitRequest.decode(Buffer.from(RECORDED[name] ?? '', 'hex'));
  return Buffer.from(RateLimitRequest.encode(request).finish()).toString('hex');
}

describe('what Envoy 1.40 has sent', () => {
  test.each([
    ['plain', [ADDRESS]],
    ['hits', [{ ...ADDRESS, cost: 3 }]],
    ['check', [{ ...ADDRESS, cost: 0 }]],
    ['hits-of-request', [{ ...ADDRESS, cost: 5 }]],
    ['override', [{ ...ADDRESS, override: { limit: 7, windowMs: 60_000 } }]],
    [
      'two',
      [
        ADDRESS,
        {
          entries: [
            { key: 'generic_key', value: 'login' },
            // A header in Latin-1 is no UTF-8.
            { key: 'user', value: '\uFFFDlodie' },
          ],
          cost: 1,
          override: undefined,
        },
      ],
    ],
  ])('of %s, is read as it was meant', (name, descriptors) => {
    expect(parseRecorded(name)).toEqual({ domain: 'shop', requestId: undefined, descriptors });
  });

  test('of negative hits, is rejected', () => {
    expect(() => parseRecorded('negative')).toThrow(InvalidRequest);
  });

  test.each(Object.keys(RECORDED_ROUTES).filter((name) => name !== 'two'))(
    'of %s, holds no field that the daemon does not know',
    (name) => {
      expect(written(name)).toBe(RECORDED[name]);
    },
  );
});
