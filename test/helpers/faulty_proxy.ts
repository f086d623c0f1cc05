import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';
import type { Random } from '../../scripts/demo/random';

/** What happens to passing data. */
export type NetworkFault = 'delayed' | 'dropped' | 'truncated';

/** A proxy that acts as a slow or broken network. */
export interface FaultyProxy {
  readonly port: number;
  /** From now on; undefined: all passes as it is. */
  set(fault: NetworkFault | undefined): void;
  close(): Promise<void>;
}

const LONGEST_DELAY_MS = 400;
const DROPS_EVERY_MS = 150;
const TRUNCATED_SHARE = 0.2;

/** Lets each write happen after its delay, and never before one that came before it. */
function createTurns(to: Socket): (delayMs: number, write: () => unknown) => void {
  const waiting: { readonly dueMs: number; readonly write: () => unknown }[] = [];

  function goOn(): void {
    const [first] = waiting;
    if (first === undefined) return;
    const leftMs = first.dueMs - performance.now();
    if (leftMs > 0) return void setTimeout(goOn, leftMs);
    waiting.shift();
    if (to.writable) first.write();
    goOn();
  }

  return (delayMs, write) => {
    waiting.push({ dueMs: performance.now() + delayMs, write });
    if (waiting.length === 1) goOn();
  };
}

export async function startFaultyProxy(port: number, random: Random): Promise<FaultyProxy> {
  const sockets = new Set<Socket>();
  let fault: NetworkFault | undefined;

  function keep(socket: Socket): void {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  }

  function pass(from: Socket, to: Socket): void {
    const passInTurn = createTurns(to);
    let isCut = false;
    from.on('data', (chunk) => {
      // TCP loses an end, never a part from the middle: nothing passes after what is cut.
      if (isCut) return;
      isCut = fault === 'truncated' && random.isLucky(TRUNCATED_SHARE);
      const passed = isCut ? chunk.subarray(0, random.between(0, chunk.length - 1)) : chunk;
      const delayMs = fault === 'delayed' ? random.between(0, LONGEST_DELAY_MS) : 0;
      passInTurn(delayMs, isCut ? () => to.end(passed, () => from.destroy()) : () => to.write(passed));
    });
    from.on('close', () => to.destroy());
  }

  const server = createServer((near) => {
    const far = dial({ host: '127.0.0.1', port });
    for (const socket of [near, far]) keep(socket);
    pass(near, far);
    pass(far, near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const dropping = setInterval(() => {
    if (fault === 'dropped') for (const socket of sockets) socket.destroy();
  }, DROPS_EVERY_MS);

  return {
    port: (server.address() as AddressInfo).port,
    set(next) {
      fault = next;
    },
    async close() {
      clearInterval(dropping);
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
