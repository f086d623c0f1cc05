import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { createKeys } from '../../daemon/redis/keys';
import { type AdmitResponse, QuotaServiceClient } from '../../gen/quota/v1/quota_service';
import { closedAfterEach } from '../helpers/opened';
import { promised } from '../helpers/quota_client';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

const DEADLINE_MS = 80;

/** By then the deadline has passed by every clock. Together with it, less than a daemon waits for Redis. */
const AFTERWARDS_MS = 120;

/** Redis is busy until it is told otherwise. */
const LONGEST_HELD_MS = 60_000;

const PATIENT_MS = 30_000;

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
  const deadlineIn = (waitMs: number) => ({ deadline: Date.now() + waitMs });
  const recordCall = (waitMs: number, requestId = '') =>
    promised((done) => client.recordCall({ ...CALL, requestId }, new Metadata(), deadlineIn(waitMs), done));
  const admit = (waitMs: number, requestId = '') =>
    promised<AdmitResponse>((done) =>
      client.admit({ ...ADMISSION, requestId }, new Metadata(), deadlineIn(waitMs), done),
    );

  /** Asks during a pause of Redis, which ends once the deadline of what was asked has passed. */
  async function whileBusy<T>(ask: () => Promise<T>): Promise<T> {
    await operator.client('PAUSE', LONGEST_HELD_MS, 'WRITE');
    const outcome = await ask();
    await pause(AFTERWARDS_MS);
    await operator.client('UNPAUSE');
    return outcome;
  }
  return { operator, recordCall, admit, whileBusy };
}

/** Asks until there is an answer, with one request id, as a busy machine may have none in time. It waits behind what came before. */
async function answered<T>(what: string, ask: (waitMs: number, requestId: string) => Promise<T>): Promise<T> {
  const requestId = randomUUID();
  const answers: T[] = [];
  await until(what, () =>
    ask(PATIENT_MS, requestId).then(
      (answer) => answers.push(answer) > 0,
      () => false,
    ),
  );
  return answers[0] as T;
}

async function countedCalls(operator: Redis): Promise<number> {
  const { bySubject } = createKeys({ prefix: '', partitions: 1 }).calls(0);
  return Number(await operator.zscore(bySubject, CALL.subject));
}

describe('a call whose deadline passes while Redis is busy', () => {
  test('a call is not recorded if Redis comes to it too late', async () => {
    const { operator, recordCall, whileBusy } = await start();
    await answered('a call before the pause', recordCall);

    const late = await whileBusy(() => recordCall(DEADLINE_MS).catch(({ code }: ServiceError) => code));
    await answered('a call after the pause', recordCall);

    expect(late).toBe(status.DEADLINE_EXCEEDED);
    expect(await countedCalls(operator)).toBe(2);
  });

  test('the first on a connection is neither recorded nor taken when Redis comes to it', async () => {
    const { operator, recordCall, admit, whileBusy } = await start();

    const late = await whileBusy(() => Promise.allSettled([recordCall(DEADLINE_MS), admit(DEADLINE_MS)]));
    await answered('a call after the pause', recordCall);
    const { limits } = await answered('an admission after the pause', admit);

    expect(late.map(({ status: outcome }) => outcome)).toEqual(['rejected', 'rejected']);
    expect(await countedCalls(operator)).toBe(1);
    expect(limits[0]?.remaining).toBe(9);
  });
});
