import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { callFunction } from '../library';
import { pack } from '../packing';

/** Pairs that one step copies, about: it takes Redis less than a millisecond. */
const BUDGET = 64;

/** Redis is left to others for so long after each step: most of the time. */
const PAUSE_MS = 2;

const DONE = 1;
const LOST = -1;

/** Another daemon has taken over: this one stops. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

export interface Rewriting {
  readonly redis: Redis;
  readonly log: string;
  readonly copy: string;
  readonly lease: string;
  /** The state of the statistics, if they are made of this log. */
  readonly state?: string;
  readonly daemonId: string;
  readonly leaseMs: number;
  readonly subject: string;
  /** Up to which entry the subject goes; or, of denials, up to which moment. */
  readonly until: { readonly cutoff: string } | { readonly before_us: number };
  readonly policy: string;
  readonly budget?: number;
  readonly signal: AbortSignal;
}

/** Rewrites a log without a subject, from the start. Throws `LeaseLost`, and whatever the signal is aborted with. */
export async function rewriteLog(rewriting: Rewriting): Promise<void> {
  const { redis, log, copy, lease, state, daemonId, leaseMs, subject, until, policy, signal } = rewriting;
  const request = {
    daemon: daemonId,
    lease_ms: leaseMs,
    subject,
    budget: rewriting.budget ?? BUDGET,
    policy,
    ...until,
  };
  const call = {
    keys: [log, copy, lease, ...(state === undefined ? [] : [state])],
    args: [pack(request)],
  };
  for (;;) {
    const reply = await callFunction(redis, 'rewrite_log', call);
    if (reply === LOST) throw new LeaseLost();
    if (reply === DONE) return;
    await pause(PAUSE_MS, undefined, { signal, ref: false });
  }
}
