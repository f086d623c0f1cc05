import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { credentials, Metadata, status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { type AdmitRequest, type AdmitResponse, QuotaServiceClient } from '../../gen/quota/v1/quota_service';
import { closedAfterEach } from '../helpers/opened';
import { failureOf, promised } from '../helpers/quota_client';

const opened = closedAfterEach();

const STOP_COUNT = 7;
const STOP_MS = 500;
const RUN_MS = 300;
const STEP_MS = 10;
const DEADLINE_MS = 5_000;

interface Calling {
  readonly callsPerMs: number;
  /** Whether a call is repeated if it is rejected as too many, after the delay that the daemon asks for. */
  readonly isRepeating: boolean;
}

/** 'decided', 'degraded' if without the store, or the reason of an error. */
type Outcome = string;

/** Asks for any answers, and notes the outcome of each call: once it is not rejected as too many any more, or at first. */
function openCaller(target: string, { callsPerMs, isRepeating }: Calling) {
  const client = new QuotaServiceClient(target, credentials.createInsecure(), { 'grpc.enable_retries': 0 });
  const calls: Promise<Outcome>[] = [];
  async function askOnce(request: AdmitRequest): Promise<{ outcome: Outcome; retryDelayMs?: number }> {
    const deadline = Date.now() + DEADLINE_MS;
    const asked = promised<AdmitResponse>((done) =>
      client.admit(request, new Metadata(), { deadline }, done),
    );
    try {
      return { outcome: (await asked).degraded ? 'degraded' : 'decided' };
    } catch {
      const { code, reason, retryDelayMs } = await failureOf(asked);
      return { outcome: reason ?? String(status[code]), retryDelayMs };
    }
  }
  async function ask(): Promise<Outcome> {
    const request = {
      subject: String(calls.length),
      policy: 'connection',
      cost: undefined,
      requestId: randomUUID(),
    };
    for (;;) {
      const { outcome, retryDelayMs } = await askOnce(request);
      if (!isRepeating || outcome !== 'OVERLOADED') return outcome;
      await pause(retryDelayMs);
    }
  }
  return {
    /** Makes the calls of so long at a constant rate. A busy machine wakes late, so each step makes all that are due by then. */
    async askFor(durationMs: number): Promise<void> {
      const [startMs, before] = [performance.now(), calls.length];
      for (let sinceMs = 0; sinceMs < durationMs; ) {
        await pause(STEP_MS);
        sinceMs = Math.min(performance.now() - startMs, durationMs);
        while (calls.length - before < sinceMs * callsPerMs) calls.push(ask());
      }
    },
    outcomes: () => Promise.all(calls),
    close: () => client.close(),
  };
}

describe('a daemon that is stopped again and again, beside a healthy Redis', () => {
  /** The outcomes of calls at a constant rate, while the daemon is stopped seven times. */
  async function outcomesOf(calling: Calling): Promise<Outcome[]> {
    const redis = opened.space();
    const { target, process: daemon } = await opened.daemon({ redisUrl: redis.url, prefix: redis.prefix });
    const caller = opened.closed(openCaller(target, calling), ({ close }) => close());
    for (let i = 0; i < STOP_COUNT; i += 1) {
      await caller.askFor(RUN_MS);
      await caller.outcomes();
      daemon.kill('SIGSTOP');
      await caller.askFor(STOP_MS);
      daemon.kill('SIGCONT');
    }
    await caller.askFor(RUN_MS);
    const outcomes = await caller.outcomes();

    expect(outcomes.length).toBe((STOP_COUNT * (RUN_MS + STOP_MS) + RUN_MS) * calling.callsPerMs);
    return outcomes;
  }

  // So fewer than 128 wait for it, which it always has room for.
  test('decides on each of 200 calls per second', async () => {
    const outcomes = await outcomesOf({ callsPerMs: 0.2, isRepeating: false });

    expect(new Set(outcomes)).toEqual(new Set(['decided']));
  });

  // On a busy machine it rejects some of the 500 that wait for it, as it does if it is slow; these are repeated.
  test('decides on each of 1,000 calls per second, and never as if its store were gone', async () => {
    const outcomes = await outcomesOf({ callsPerMs: 1, isRepeating: true });

    expect(new Set(outcomes)).toEqual(new Set(['decided']));
  });
});
