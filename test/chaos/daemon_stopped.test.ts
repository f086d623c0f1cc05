import { setTimeout as pause } from 'node:timers/promises';
import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { QuotaServiceClient } from '../../gen/quota/v1/quota_service';
import { closedAfterEach } from '../helpers/opened';

const opened = closedAfterEach();

const STOP_COUNT = 7;
const STOP_MS = 500;
const RUN_MS = 300;
const CALLS_PER_STEP = 10;
const STEP_MS = 10;
const DEADLINE_MS = 5000;

/** Asks at a constant rate until stopped, for any answers; returns the status of each call, without retries. */
function startCalls(target: string): { stop(): Promise<number[]> } {
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
  const timer = setInterval(() => {
    for (let i = 0; i < CALLS_PER_STEP; i += 1) calls.push(ask());
  }, STEP_MS);
  return {
    async stop() {
      clearInterval(timer);
      const codes = await Promise.all(calls);
      client.close();
      return codes;
    },
  };
}

describe('a daemon that is stopped again and again, beside a healthy Redis', () => {
  test('1,000 calls per second with deadlines of five seconds are all answered', async () => {
    const redis = opened.space();
    const { target, process: daemon } = await opened.daemon({ redisUrl: redis.url, prefix: redis.prefix });
    const calls = startCalls(target);

    for (let i = 0; i < STOP_COUNT; i += 1) {
      await pause(RUN_MS);
      daemon.kill('SIGSTOP');
      await pause(STOP_MS);
      daemon.kill('SIGCONT');
    }
    await pause(RUN_MS);
    const codes = await calls.stop();

    expect(codes.length).toBeGreaterThan(STOP_COUNT * CALLS_PER_STEP);
    expect(codes.filter((code) => code !== status.OK)).toEqual([]);
  });
});
