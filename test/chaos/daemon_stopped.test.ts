import { setTimeout as pause } from 'node:timers/promises';
import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { QuotaServiceClient } from '../../gen/quota/v1/quota_service';
import { closedAfterEach } from '../helpers/opened';

const opened = closedAfterEach();

const STOP_COUNT = 7;
const STOP_MS = 500;
const RUN_MS = 300;
const STEP_MS = 10;
const DEADLINE_MS = 30_000;

/** So fewer than 128 wait for a stopped daemon. More it may reject if the machine is busy, as it does if it is slow. */
const CALLS_PER_MS = 0.2;

/** Asks for any answers, without retries, and notes the status of each call. */
function openCaller(target: string) {
  const client = new QuotaServiceClient(target, credentials.createInsecure(), { 'grpc.enable_retries': 0 });
  const calls: Promise<number>[] = [];
  function ask(): Promise<number> {
    const request = { subject: String(calls.length), policy: 'connection', cost: undefined, requestId: '' };
    return new Promise((resolve) => {
      client.admit(
        request,
        new Metadata(),
        { deadline: Date.now() + DEADLINE_MS },
        (error: ServiceError | null) => resolve(error?.code ?? status.OK),
      );
    });
  }
  return {
    /** Makes the calls of so long at a constant rate. A busy machine wakes late, so each step makes all that are due by then. */
    async askFor(durationMs: number): Promise<void> {
      const [startMs, before] = [performance.now(), calls.length];
      for (let sinceMs = 0; sinceMs < durationMs; ) {
        await pause(STEP_MS);
        sinceMs = Math.min(performance.now() - startMs, durationMs);
        while (calls.length - before < sinceMs * CALLS_PER_MS) calls.push(ask());
      }
    },
    answers: () => Promise.all(calls),
    close: () => client.close(),
  };
}

describe('a daemon that is stopped again and again, beside a healthy Redis', () => {
  test('200 calls per second are all answered', async () => {
    const redis = opened.space();
    const { target, process: daemon } = await opened.daemon({ redisUrl: redis.url, prefix: redis.prefix });
    const caller = opened.closed(openCaller(target), ({ close }) => close());

    for (let i = 0; i < STOP_COUNT; i += 1) {
      await caller.askFor(RUN_MS);
      await caller.answers();
      daemon.kill('SIGSTOP');
      await caller.askFor(STOP_MS);
      daemon.kill('SIGCONT');
    }
    await caller.askFor(RUN_MS);
    const codes = await caller.answers();

    expect(codes.length).toBe((STOP_COUNT * (RUN_MS + STOP_MS) + RUN_MS) * CALLS_PER_MS);
    expect(codes.filter((code) => code !== status.OK)).toEqual([]);
  });
});
