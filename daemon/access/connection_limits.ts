import ipaddr from 'ipaddr.js';

/** How many connections an address may open per second, after a burst as large as its limit of open ones. */
const CONNECTIONS_PER_S = 20;

const MS_PER_S = 1000;

/** The most addresses that are remembered after their last connection has closed. */
const MAX_REMEMBERED = 10_000;

/** Why a connection was rejected. */
export const CONNECTION_REFUSALS = ['connections', 'connections_per_address', 'connection_rate'] as const;

export type ConnectionRefusal = (typeof CONNECTION_REFUSALS)[number];

export interface ConnectionLimits {
  /** Counts a connection from this address; returns the reason if it must be rejected. */
  take(address: string): ConnectionRefusal | undefined;
  /** Frees the slot of an accepted connection. */
  release(address: string): void;
}

export interface ConnectionLimitsOptions {
  readonly total: number;
  /** How many an address may have open. */
  readonly perAddress: (address: string) => number;
  /** For tests. */
  readonly nowMs?: () => number;
}

interface Peer {
  open: number;
  /** How many connections it may open now. */
  tokens: number;
  lastMs: number;
}

/** Limits the connections of strangers, before anything that they send is read. */
export function createConnectionLimits(options: ConnectionLimitsOptions): ConnectionLimits {
  const { total, nowMs = () => performance.now() } = options;
  const peers = new Map<string, Peer>();
  let open = 0;

  function peerOf(key: string, perAddress: number): Peer {
    const now = nowMs();
    const peer = peers.get(key) ?? { open: 0, tokens: perAddress, lastMs: now };
    peer.tokens = Math.min(perAddress, peer.tokens + ((now - peer.lastMs) * CONNECTIONS_PER_S) / MS_PER_S);
    peer.lastMs = now;
    // Moved to the end, so that the longest idle come first.
    peers.delete(key);
    peers.set(key, peer);
    return peer;
  }

  function forgetQuietOnes(): void {
    for (const [key, peer] of peers) {
      if (peers.size <= MAX_REMEMBERED) return;
      if (peer.open === 0) peers.delete(key);
    }
  }

  return {
    take(address) {
      const perAddress = options.perAddress(address);
      const peer = peerOf(keyOf(address), perAddress);
      forgetQuietOnes();
      if (open >= total) return 'connections';
      if (peer.open >= perAddress) return 'connections_per_address';
      if (peer.tokens < 1) return 'connection_rate';
      peer.tokens -= 1;
      peer.open += 1;
      open += 1;
      return undefined;
    },
    release(address) {
      const peer = peers.get(keyOf(address));
      if (peer === undefined) return;
      peer.open -= 1;
      open -= 1;
    },
  };
}

/** One holder of IPv6 has a whole /64. */
function keyOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, 4).join(':') : parsed.toString();
}
