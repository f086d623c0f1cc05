import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 50;

/** Asks repeatedly until the answer is true. False if it is not within the bound. */
export async function waitUntil(ask: () => Promise<boolean> | boolean, boundMs: number): Promise<boolean> {
  const deadline = Date.now() + boundMs;
  while (Date.now() < deadline) {
    if (await ask()) return true;
    await sleep(POLL_MS);
  }
  return false;
}
