import ipaddr from 'ipaddr.js';

/** After a burst as large as what it may hold open, an address may open so many connections a second. */
const CONNECTIONS_PER_S = 20;

const MS_PER_S = 1000;

/** Addresses that are remembered, at most, once none of their connections is open. */
const MAX_REMEMBERED = 10_000;

/** Why a connection was not taken. */
export const CONNECTION_REFUSALS = ['connections', 'connections_per_address', 'connection_rate'] as const;

export type ConnectionRefusal = (typeof CONNECTION_REFUSALS)[number];

export interface ConnectionLimits {
  /** Counts a connection from this address; answers why it must not be taken, if it must not. */
  take(address: string): ConnectionRefusal | undefined;
  /** Gives back one that was taken. */
  release(address: string): void;
}

export interface ConnectionLimitsOptions {
  readonly total: number;
  readonly perAddress: number;
  /** For tests. */
  readonly nowMs?: () => number;
}

interface Peer {
  open: number;
  /** Connections that it may open now. */
  tokens: number;
  lastMs: number;
}

/** Limits what strangers can hold open, before anything of what they send is read. */
export function createConnectionLimits(options: ConnectionLimitsOptions): ConnectionLimits {
  const { total, perAddress, nowMs = () => performance.now() } = options;
  const peers = new Map<string, Peer>();
  let open = 0;

  function peerOf(key: string): Peer {
    const now = nowMs();
    const peer = peers.get(key) ?? { open: 0, tokens: perAddress, lastMs: now };
    peer.tokens = Math.min(perAddress, peer.tokens + ((now - peer.lastMs) * CONNECTIONS_PER_S) / MS_PER_S);
    peer.lastMs = now;
    // Put last, so that those that have been quiet the longest come first.
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
      const peer = peerOf(keyOf(address));
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
