import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** Counts the open connections that others made to this process, by the port they came to. */
export interface ConnectionCount {
  open(port: number): number;
}

/** To be called before anything listens. gRPC keeps its sessions to itself, so Node is asked instead. */
export function countConnections(): ConnectionCount {
  const counts = new Map<number, number>();
  const add = (port: number, step: 1 | -1) => counts.set(port, (counts.get(port) ?? 0) + step);

  subscribe('net.server.socket', (message) => {
    const { socket } = message as { socket: Socket };
    const port = socket.localPort;
    // A socket that is gone already has no port any more.
    if (port === undefined) return;
    add(port, 1);
    socket.once('close', () => add(port, -1));
  });
  return { open: (port) => counts.get(port) ?? 0 };
}
