import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** The open incoming connections of this process, by port. */
export interface OpenSockets {
  open(port: number): number;
  /** Closes connections to this port that are not accepted; an accepted one frees its slot when it closes. */
  guard(port: number, rule: ConnectionRule): void;
}

export interface ConnectionRule {
  /** Whether a connection from this address may stay. */
  take(address: string): boolean;
  release(address: string): void;
}

/** Must be called before anything listens. gRPC does not expose its sessions, so Node is asked instead. */
export function watchOpenSockets(): OpenSockets {
  const counts = new Map<number, number>();
  const rules = new Map<number, ConnectionRule>();
  const add = (port: number, step: 1 | -1) => counts.set(port, (counts.get(port) ?? 0) + step);

  subscribe('net.server.socket', (message) => {
    const { socket } = message as { socket: Socket };
    const { localPort: port, remoteAddress: address = '' } = socket;
    // A closed socket no longer has a port.
    if (port === undefined) return;
    const rule = rules.get(port);
    if (rule !== undefined && !rule.take(address)) {
      socket.destroy();
      return;
    }
    add(port, 1);
    socket.once('close', () => {
      add(port, -1);
      rule?.release(address);
    });
  });
  return {
    open: (port) => counts.get(port) ?? 0,
    guard: (port, rule) => rules.set(port, rule),
  };
}
