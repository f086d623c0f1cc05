import { describe, expect, test } from '@jest/globals';
import { addressSubject } from '../../../../web/accounts/address';

describe('address', () => {
  test.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::9', '2001:db8:1:2::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['unknown', 'unknown-address'],
    ['', 'unknown-address'],
    [undefined, 'unknown-address'],
  ])('address: %s is counted as %s', (address, expected) => {
    expect(addressSubject(address)).toBe(expected);
  });
});
