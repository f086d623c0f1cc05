import { setTimeout as pause } from 'node:timers/promises';
import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { createKeys } from '../../daemon/redis/keys';
import { type AdmitResponse, QuotaServiceClient } from '../../gen/quota/v1/quota_service';
import { closedAfterEach } from '../helpers/opened';
import { promised } from '../helpers/quota_client';
import { within } from '../helpers/wait';

const opened = closedAfterEach();

/** Less than what a daemon waits for Redis, so that what it has sent is not given up. */
const HELD_MS = 200;
const DEADLINE_MS = 80;
const ADMISSION = { subject: 'ada', policy: 'connection', requestId: '', cost: undefined };
const CALL = { subject: 'ada', service: 'vente', requestId: '', callTime: undefined };

async function start() {
  const redis = await opened.redis();
  const { target } = await opened.daemon({ redisUrl: redis.url });
  const connect = (url: string) => opened.closed(new Redis(url), (connected) => connected.disconnect());
  const operator = connect(new URL('/1', redis.url).href);
  const client = opened.closed(new QuotaServiceClient(target, credentials.createInsecure()), (each) =>
    each.close(),
  );
  const recordCall = (waitMs: number) =>
    promised((done) => client.recordCall(CALL, new Metadata(), { deadline: Date.now() + waitMs }, done));
  const admit = (waitMs: number) =>
    promised<AdmitResponse>((done) =>
      client.admit(ADMISSION, new Metadata(), { deadline: Date.now() + waitMs }, done),
    );
  return { operator, recordCall, admit };
}

async function countedCalls(operator: Redis): Promise<number> {
  const { bySubject } = createKeys({ prefix: '', partitions: 1 }).calls(0);
  return Number(await operator.zscore(bySubject, CALL.subject));
}

describe('a call whose deadline passes while Redis is busy', () => {
  test('a call is not recorded if Redis comes to it too late', async () => {
    const { operator, recordCall } = await start();
    await recordCall(10_000);
    await operator.client('PAUSE', HELD_MS, 'WRITE');

    const late = await recordCall(DEADLINE_MS).catch((error: ServiceError) => error.code);
    await pause(HELD_MS);
    // It waits behind the late one.
    await within('a call after the pause', recordCall(10_000));

    expect(late).toBe(status.DEADLINE_EXCEEDED);
    expect(await countedCalls(operator)).toBe(2);
  });

  test('the first on a connection is neither recorded nor taken when Redis comes to it', async () => {
    const { operator, recordCall, admit } = await start();
    await operator.client('PAUSE', HELD_MS, 'WRITE');

    const late = await Promise.allSettled([recordCall(DEADLINE_MS), admit(DEADLINE_MS)]);
    await pause(HELD_MS);
    await within('a call after the pause', recordCall(10_000));
    const { limits } = await within('an admission after the pause', admit(10_000));

    expect(late.map(({ status: outcome }) => outcome)).toEqual(['rejected', 'rejected']);
    expect(await countedCalls(operator)).toBe(1);
    expect(limits[0]?.remaining).toBe(9);
  });
});
