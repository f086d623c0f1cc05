import ipaddr from 'ipaddr.js';
import { z } from 'zod';

/** Ranges that can be named instead of written down, as in WEB_TRUST_PROXY. */
const NAMED_RANGES: Readonly<Record<string, readonly string[]>> = {
  loopback: ['loopback'],
  linklocal: ['linkLocal'],
  uniquelocal: ['private', 'uniqueLocal'],
};

/** The peers that speak for many callers, and what each of them may hold open. */
export interface ProxySettings {
  /** Addresses, networks such as 10.0.0.0/8, or names of ranges; empty if there are no proxies. */
  readonly peers: readonly string[];
  /** How many connections one proxy may have open. */
  readonly maxConnections: number;
  /** How many calls one of its connections may have open. */
  readonly maxStreams: number;
}

/** Whether an address is that of a proxy. */
export type IsProxy = (address: string) => boolean;

/** QUOTA_PROXIES: a list, separated by commas. */
export const proxyPeers = z.string().transform((text, context) => {
  const peers = text.split(',').map((peer) => peer.trim());
  const wrong = peers.filter((peer) => !isPeer(peer));
  if (wrong.length === 0) return peers;
  context.addIssue(
    `must list addresses, networks such as 10.0.0.0/8, loopback, linklocal or uniquelocal; it has ${wrong
      .map((peer) => JSON.stringify(peer))
      .join(', ')}`,
  );
  return z.NEVER;
});

function isPeer(peer: string): boolean {
  return Object.hasOwn(NAMED_RANGES, peer) || ipaddr.isValid(peer) || ipaddr.isValidCIDR(peer);
}

/** Recognizes the proxies among the addresses that connect. */
export function createIsProxy(peers: readonly string[]): IsProxy {
  const ranges = new Set(peers.flatMap((peer) => NAMED_RANGES[peer] ?? []));
  const networks = peers.filter((peer) => !Object.hasOwn(NAMED_RANGES, peer)).map(toNetwork);
  return (address) => {
    if (peers.length === 0 || !ipaddr.isValid(address)) return false;
    const parsed = ipaddr.process(address);
    if (ranges.has(parsed.range())) return true;
    return networks.some(
      ([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits),
    );
  };
}

function toNetwork(peer: string): ReturnType<typeof ipaddr.parseCIDR> {
  if (ipaddr.isValidCIDR(peer)) return ipaddr.parseCIDR(peer);
  const address = ipaddr.process(peer);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}
