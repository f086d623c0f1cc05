import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 50;

/** Asks again and again until the answer is yes. False where it was never yes within the bound. */
export async function waitUntil(ask: () => Promise<boolean> | boolean, boundMs: number): Promise<boolean> {
  const deadline = Date.now() + boundMs;
  while (Date.now() < deadline) {
    if (await ask()) return true;
    await sleep(POLL_MS);
  }
  return false;
}
