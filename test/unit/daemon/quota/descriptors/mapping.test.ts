import { describe, expect, test } from '@jest/globals';
import type { Descriptor } from '../../../../../daemon/quota/descriptors/descriptor';
import { createDescriptorMapping } from '../../../../../daemon/quota/descriptors/mapping';
import { parsePolicies } from '../../../../../daemon/quota/policies';

const MINUTE_MS = 60_000;

const policies = parsePolicies(`
policies:
  address:
    limits: [{ name: per-window, algorithm: sliding-window, limit: 10, window: 10m }]
  user:
    limits: [{ name: per-window, algorithm: sliding-window, limit: 5, window: 1m }]
  guest:
    limits: [{ name: per-window, algorithm: sliding-window, limit: 1, window: 1m }]
envoy:
  shop:
    descriptors:
      - { entries: [{ key: user, value: guest }], policy: guest, subject: "{user}" }
      - { entries: [{ key: user }], policy: user, subject: "{user}", max_override: 100 }
      - { entries: [{ key: remote_address }], policy: address, subject: "{remote_address}" }
      - { entries: [{ key: path, value: / }, { key: user }], policy: user, subject: "{user}" }
  once:
    exactly_once: true
    descriptors:
      - { entries: [{ key: user }], policy: user, subject: "{user}" }
`);

const { partsOf } = createDescriptorMapping(() => policies);

function descriptor(entries: Record<string, string>, more: Partial<Descriptor> = {}): Descriptor {
  const listed = Object.entries(entries).map(([key, value]) => ({ key, value }));
  return { entries: listed, cost: 1, override: undefined, ...more };
}

function partOf(
  asked: Descriptor,
  { domain = 'shop', requestId }: { domain?: string; requestId?: string } = {},
) {
  return partsOf({ domain, descriptors: [asked], requestId })[0];
}

describe('the mapping of descriptors', () => {
  test.each([
    [{ user: 'guest' }, 'guest', 'guest'],
    [{ user: 'hugo' }, 'user', 'hugo'],
    [{ remote_address: '192.0.2.1' }, 'address', '192.0.2.1'],
    [{ path: '/', user: 'hugo' }, 'user', 'hugo'],
  ])('finds for %j the policy %j and the subject %j', (entries, policy, subject) => {
    expect(partOf(descriptor(entries))).toMatchObject({ policy: { name: policy }, subject, cost: 1 });
  });

  test.each([
    ['no entries', {}],
    ['another key', { users: 'hugo' }],
    ['another value', { path: '/login', user: 'hugo' }],
    ['another order', { user: 'hugo', path: '/' }],
    ['more entries', { remote_address: '192.0.2.1', user: 'hugo' }],
  ])('finds nothing for %s', (_, entries) => {
    expect(partOf(descriptor(entries as Record<string, string>))).toBeUndefined();
  });

  test('finds nothing in an unknown domain', () => {
    expect(partOf(descriptor({ user: 'hugo' }), { domain: 'elsewhere' })).toBeUndefined();
  });

  describe('an override', () => {
    const sizeOf = (limit: number, { windowMs = MINUTE_MS, user = 'hugo' } = {}) =>
      partOf(descriptor({ user }, { override: { limit, windowMs } }))?.policy.limits[0]?.limit;

    test('replaces the limit, up to the maximum', () => {
      expect([3, 100, 101, 4_294_967_295].map((size) => sizeOf(size))).toEqual([3, 100, 100, 100]);
    });

    test('is ignored if the rule allows none, for another window, and at 0', () => {
      expect(sizeOf(50, { user: 'guest' })).toBe(1);
      expect(sizeOf(50, { windowMs: 10 * MINUTE_MS })).toBe(5);
      expect(sizeOf(0)).toBe(5);
    });

    test('makes the same policy each time, which stores prepare once', () => {
      const asked = descriptor({ user: 'hugo' }, { override: { limit: 7, windowMs: MINUTE_MS } });

      expect(partOf(asked)?.policy).toBe(partOf(asked)?.policy);
    });
  });

  describe('the request id', () => {
    const asked = descriptor({ user: 'hugo' });
    const idOf = (requestId: string | undefined, { domain = 'once', of = asked } = {}) =>
      partOf(of, { domain, ...(requestId === undefined ? {} : { requestId }) })?.requestId;

    test('is a UUID of version 8, the same for the same request and descriptor', () => {
      expect(idOf('a')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(idOf('a')).toBe(idOf('a'));
    });

    test('differs for another request, another descriptor and another cost', () => {
      const ids = [
        idOf('a'),
        idOf('b'),
        idOf('a', { of: descriptor({ user: 'ines' }) }),
        idOf('a', { of: { ...asked, cost: 2 } }),
      ];

      expect(new Set(ids).size).toBe(4);
    });

    test('is not set unless the domain is exactly once, and the request has an id', () => {
      expect(idOf('a', { domain: 'shop' })).toBeUndefined();
      expect(idOf(undefined)).toBeUndefined();
    });
  });
});
