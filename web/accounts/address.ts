import { isIP } from 'node:net';
import { IPv6 } from 'ipaddr.js';

/** A customer is given a /64 of IPv6 (RIPE-690 says at least that), so all of its addresses are one visitor. */
const PREFIX_BITS = 64;
const GROUP_BITS = 16;

/** The name under which attempts from this address are counted. IPv4 in IPv6 is IPv4; IPv6 is cut to its /64. */
export function addressSubject(address = ''): string {
  switch (isIP(address)) {
    case 4:
      return address;
    case 6:
      return ipv6Subject(IPv6.parse(address));
    default:
      // Only a proxy that hides its clients writes such an address; they then share one count.
      return 'unknown-address';
  }
}

function ipv6Subject(address: IPv6): string {
  if (address.isIPv4MappedAddress()) return address.toIPv4Address().toString();
  const groups = address.parts.slice(0, PREFIX_BITS / GROUP_BITS);
  return `${groups.map((group) => group.toString(16)).join(':')}::/${PREFIX_BITS}`;
}
