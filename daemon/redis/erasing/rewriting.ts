import { setTimeout as pause } from 'node:timers/promises';
import { callFunction } from '../library';
import type { Database } from '../nodes';
import { pack } from '../packing';
import { createPace } from '../usage/pace';

/**
 * About how many pairs one step copies. An entry is copied as a whole, and may hold 128: with a target of 800 microseconds
 * single steps took 2.5 milliseconds.
 */
const BUDGETS = { first: 64, least: 8, most: 256, targetUs: 500 };

/** The pause after each step: Redis serves others most of the time. */
const PAUSE_MS = 2;

const DONE = 1;
const LOST = -1;

/** Another daemon has taken over: this one stops. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

export interface Rewriting {
  readonly redis: Database;
  readonly log: string;
  readonly copy: string;
  readonly lease: string;
  /** The state of the statistics, if they are computed from this log. */
  readonly state?: string;
  readonly daemonId: string;
  readonly leaseMs: number;
  readonly subject: string;
  /** The last entry to erase the subject from; for denials, the last moment. */
  readonly until: { readonly cutoff: string } | { readonly before_us: number };
  readonly policy: string;
  readonly signal: AbortSignal;
}

/** Rewrites a log without a subject, from the start. Throws `LeaseLost`, or the signal's abort reason. */
export async function rewriteLog(rewriting: Rewriting): Promise<void> {
  const { redis, log, copy, lease, state, daemonId, leaseMs, subject, until, policy, signal } = rewriting;
  const request = { daemon: daemonId, lease_ms: leaseMs, subject, policy, ...until };
  const keys = [log, copy, lease, ...(state === undefined ? [] : [state])];
  const pace = createPace(BUDGETS);
  for (;;) {
    const args = [pack({ ...request, budget: pace.budget })];
    const reply = await callFunction(redis, 'rewrite_log', { keys, args });
    const [result, tookUs] = reply as [result: number, tookUs: number];
    if (result === LOST) throw new LeaseLost();
    if (result === DONE) return;
    pace.note({ tookUs, hasMore: true });
    await pause(PAUSE_MS, undefined, { signal, ref: false });
  }
}
