import { randomInt } from 'node:crypto';
import { isFree } from '../../scripts/servers/ports';

/**
 * Systems give connections their ports by themselves, Linux from 32,768 on, others from 49,152. A port below can only be taken by
 * another server: it stays free until its server starts, and while that is stopped.
 */
const FIRST_PORT = 10_000;
const END_PORT = 32_000;

/** Those that this process has chosen; their servers may not listen yet. */
const chosen = new Set<number>();

/** A loopback port for a server of a test. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, END_PORT);
    if (chosen.has(port)) continue;
    chosen.add(port);
    if (await isFree({ host: '127.0.0.1', port })) return port;
  }
}
