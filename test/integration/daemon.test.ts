import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CallKeys } from '../../daemon/redis/keys';
import { Decision } from '../../gen/quota/v1/quota_service';
import { startDaemon, type TestDaemon } from '../helpers/daemon';
import { callsKeysOf } from '../helpers/layout';
import { failureOf } from '../helpers/quota_client';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';

let space: RedisSpace;
let daemon: TestDaemon;
beforeAll(async () => {
  space = openRedisSpace();
  daemon = await startDaemon({ redisUrl: space.url, prefix: space.prefix });
});
afterAll(async () => {
  await daemon.stop();
  await space.close();
});

const connection = (subject: string) => daemon.client.admit({ subject, policy: 'connection' });

describe('Admit', () => {
  test('ten connections are admitted, and the eleventh is denied with the time of the next', async () => {
    const subject = randomUUID();
    const admitted = [];
    for (let i = 0; i < 10; i += 1) admitted.push(await connection(subject));

    const eleventh = await connection(subject);

    expect(admitted.map(({ decision }) => decision)).toEqual(Array(10).fill(Decision.ADMITTED));
    expect(admitted.map(({ limits }) => limits[0]?.remaining)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    expect(eleventh).toMatchObject({
      decision: Decision.DENIED,
      degraded: false,
      limits: [{ name: 'per-window', limit: 10, remaining: 0, window: { seconds: 600, nanos: 0 } }],
    });
    expect(eleventh.retryDelay?.seconds).toBeGreaterThan(500);
    expect(eleventh.retryDelay?.seconds).toBeLessThan(600);
  });

  test('one subject at its limit does not affect another', async () => {
    const busy = randomUUID();
    for (let i = 0; i < 11; i += 1) await connection(busy);

    expect((await connection(randomUUID())).decision).toBe(Decision.ADMITTED);
  });

  test('a repeated request id gets the same verdict, marked as a repeat, and takes nothing', async () => {
    const request = { subject: randomUUID(), policy: 'connection', requestId: randomUUID() };
    const first = await daemon.client.admit(request);
    const repeat = await daemon.client.admit(request);

    expect([first.isRepeat, repeat.isRepeat]).toEqual([false, true]);
    expect(repeat.decision).toBe(first.decision);
    expect(repeat.limits[0]?.remaining).toBe(first.limits[0]?.remaining);
  });

  test('a cost above the limit, denied with no retry delay', async () => {
    const { decision, retryDelay } = await daemon.client.admit({
      subject: randomUUID(),
      policy: 'connection',
      cost: 11,
    });

    expect([decision, retryDelay]).toEqual([Decision.DENIED, undefined]);
  });

  test('every wrong field is named, and nothing is taken', async () => {
    const { code, fields, reason } = await failureOf(
      daemon.client.admit({ subject: '', policy: '', cost: -1, requestId: 'no-uuid' }),
    );

    expect(code).toBe(status.INVALID_ARGUMENT);
    expect(fields).toEqual(['subject', 'policy', 'cost', 'request_id']);
    expect(reason).toBe('INVALID_REQUEST');
  });

  test('an unknown policy is NOT_FOUND with its name', async () => {
    const failure = await failureOf(daemon.client.admit({ subject: '42', policy: 'nosuch' }));

    expect(failure).toMatchObject({ code: status.NOT_FOUND, reason: 'UNKNOWN_POLICY' });
    expect(failure.message).toContain('"nosuch"');
  });

  test('subjects of any script and of the longest length are admitted each for itself', async () => {
    const subjects = ['élève 42', '学生:{1}', '"quoted"\\', 'é'.repeat(128)];

    const answers = await Promise.all(subjects.map(connection));

    expect(answers.map(({ limits }) => limits[0]?.remaining)).toEqual([9, 9, 9, 9]);
  });
});

describe('BatchAdmit', () => {
  test('good and bad requests mixed are answered in order and each by itself', async () => {
    const subject = randomUUID();
    const { results } = await daemon.client.batchAdmit([
      { subject, policy: 'connection' },
      { subject: '', policy: 'connection', cost: 0 },
      { subject, policy: 'nosuch' },
      { subject, policy: 'connection', cost: 10 },
      { subject, policy: 'connection', cost: 9 },
    ]);

    const told = results.map(({ result }) =>
      result?.$case === 'response' ? Decision[result.value.decision] : status[result?.value.code ?? -1],
    );
    expect(told).toEqual(['ADMITTED', 'INVALID_ARGUMENT', 'NOT_FOUND', 'DENIED', 'ADMITTED']);
    const [, bad] = results;
    expect(bad?.result?.value).toMatchObject({ message: expect.stringMatching(/subject .*; cost /) });
  });

  test('a batch of a thousand for one subject admits exactly the limit', async () => {
    const subject = randomUUID();
    const { results } = await daemon.client.batchAdmit(Array(1000).fill({ subject, policy: 'connection' }));

    const admitted = results.map(({ result }) => result?.$case === 'response' && result.value.decision === 1);
    expect(admitted).toEqual([...Array(10).fill(true), ...Array(990).fill(false)]);
  });

  test.each([0, 1001])('a batch of %i is rejected as a whole', async (size) => {
    const requests = Array.from({ length: size }, () => ({ subject: '42', policy: 'connection' }));

    const { code, fields } = await failureOf(daemon.client.batchAdmit(requests));

    expect([code, fields]).toEqual([status.INVALID_ARGUMENT, ['requests']]);
  });
});

/** The keys of the calls that are recorded beside the subject's. */
function callsOf(subject: string): CallKeys {
  const keys = callsKeysOf(space);
  return keys.calls(keys.partitionOf(subject));
}

describe('RecordCall', () => {
  test('a repeated request id is recorded once', async () => {
    const call = { subject: randomUUID(), service: 'vente', requestId: randomUUID() };

    expect([await daemon.client.recordCall(call), await daemon.client.recordCall(call)]).toEqual([
      true,
      false,
    ]);
  });

  test('an unknown service is NOT_FOUND, and nothing is recorded', async () => {
    const subject = randomUUID();

    const { code, reason } = await failureOf(daemon.client.recordCall({ subject, service: 'location' }));

    expect([code, reason]).toEqual([status.NOT_FOUND, 'UNKNOWN_SERVICE']);
    expect(await space.calls.zscore(callsOf(subject).bySubject, subject)).toBeNull();
  });

  test('a request id that comes back for another service is rejected', async () => {
    const call = { subject: randomUUID(), requestId: randomUUID() };
    await daemon.client.recordCall({ ...call, service: 'vente' });

    const { code, fields } = await failureOf(daemon.client.recordCall({ ...call, service: 'achat' }));

    expect([code, fields]).toEqual([status.INVALID_ARGUMENT, ['request_id']]);
  });

  test('a request id is remembered for a day', async () => {
    const [subject, requestId] = [randomUUID(), randomUUID()];
    await daemon.client.recordCall({ subject, service: 'vente', requestId });

    const lifetimeMs = await space.calls.pttl(callsKeysOf(space).callRequests(subject));

    expect(lifetimeMs).toBeGreaterThan(86_400_000 - 60_000);
    // A quarter more, so that most calls find it long enough.
    expect(lifetimeMs).toBeLessThanOrEqual(1.25 * 86_400_000);
  });

  test('a call of a year ago that is sent twice is counted once and logged when it was sent', async () => {
    const subject = randomUUID();
    const callTime = new Date(Date.now() - 365 * 86_400_000);
    const call = { subject, service: 'vente', requestId: randomUUID(), callTime };

    const recorded = [await daemon.client.recordCall(call), await daemon.client.recordCall(call)];

    const log = await space.calls.xrange(callsOf(subject).log, '-', '+');
    const entries = log.filter(([, fields]) => fields[0] === subject);
    expect(recorded).toEqual([true, false]);
    expect(await space.calls.zscore(callsOf(subject).bySubject, subject)).toBe('1');
    expect(entries).toEqual([[expect.any(String), [subject, `vente ${callTime.getTime()}`]]]);
    expect(Number(entries[0]?.[0].split('-')[0])).toBeGreaterThan(Date.now() - 60_000);
  });

  test('a call of the past is kept, and one ahead of the clock is made now', async () => {
    const subject = randomUUID();
    const past = new Date(Date.now() - 86_400_000);
    await daemon.client.recordCall({ subject, service: 'achat', callTime: past });
    await daemon.client.recordCall({
      subject,
      service: 'achat',
      callTime: new Date(Date.now() + 86_400_000),
    });

    const log = await space.calls.xrange(callsOf(subject).log, '-', '+');
    const times = log
      .filter(([, fields]) => fields[0] === subject)
      .map(([, fields]) => Number(fields[1]?.split(' ')[1]));

    expect(times[0]).toBe(past.getTime());
    expect(Math.abs((times[1] ?? 0) - Date.now())).toBeLessThan(60_000);
  });
});

describe('Stats', () => {
  test('the statistics show what three users did', async () => {
    const own = openRedisSpace();
    const quiet = await startDaemon({ redisUrl: own.url, prefix: own.prefix });
    try {
      for (const subject of ['ada', 'bob', 'ada', 'cid', 'ada', 'bob']) {
        await quiet.client.admit({ subject, policy: 'connection' });
      }
      for (const service of ['achat', 'vente', 'achat'])
        await quiet.client.recordCall({ subject: 'bob', service });
      await quiet.client.recordCall({ subject: 'dan', service: 'vente' });
      await quiet.client.recordCall({ subject: 'dan', service: 'achat' });

      const stats = await quiet.client.stats({ topCount: 2 });

      expect(stats.recentUsers.map(({ subject }) => subject)).toEqual(['bob', 'ada', 'cid']);
      expect(stats.topUsers).toEqual([
        { subject: 'ada', count: 3 },
        { subject: 'bob', count: 2 },
      ]);
      expect(stats.leastActiveUsers).toEqual([
        { subject: 'ada', count: 0 },
        { subject: 'cid', count: 0 },
        { subject: 'dan', count: 2 },
        { subject: 'bob', count: 3 },
      ]);
      expect(stats.services).toEqual([
        { service: 'achat', callCount: 3 },
        { service: 'vente', callCount: 2 },
      ]);
      expect(Math.abs((stats.readTime?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
    } finally {
      await quiet.stop();
      await own.close();
    }
  });

  test('hours of decisions have every policy of the file in each, and what was decided in the last', async () => {
    const { prefix, url: redisUrl } = space;
    const quiet = await startDaemon({ redisUrl, prefix: `${prefix}hours:` });
    try {
      for (const cost of [1, 11]) await quiet.client.admit({ subject: 'ada', policy: 'connection', cost });

      const { hours, readTime } = await quiet.client.stats({ hourCount: 3 });

      const told = hours.map(({ policies }) => policies.map(({ policy }) => policy));
      expect(told).toEqual(
        Array(3).fill(['connection', 'service-call', 'login-attempt', 'password-attempt']),
      );
      const elapsedMs = (readTime?.getTime() ?? 0) - (hours.at(-1)?.startTime?.getTime() ?? 0);
      expect(elapsedMs >= 0 && elapsedMs < 3_600_000).toBe(true);
      // An hour may have begun in between.
      const connections = hours.slice(1).flatMap(({ policies }) => policies.slice(0, 1));
      expect(connections.reduce((sum, { admittedCount }) => sum + admittedCount, 0)).toBe(1);
      expect(connections.reduce((sum, { deniedCount }) => sum + deniedCount, 0)).toBe(1);
    } finally {
      await quiet.stop();
    }
  });

  test('without hours in the request, none are returned', async () => {
    expect((await daemon.client.stats()).hours).toEqual([]);
  });

  test('a denied connection is in no statistic', async () => {
    const subject = randomUUID();
    await daemon.client.admit({ subject, policy: 'connection', cost: 11 });

    const { recentUsers, leastActiveUsers } = await daemon.client.stats({
      recentCount: 100,
      leastCount: 100,
    });

    const named = [...recentUsers, ...leastActiveUsers].map((user) => user.subject);
    expect(named).not.toContain(subject);
  });

  test('counts and a window out of range are all named', async () => {
    const { code, fields } = await failureOf(
      daemon.client.stats({
        recentCount: -1,
        topCount: 101,
        leastCount: 101,
        hourCount: 169,
        topWindow: { seconds: 0, nanos: 0 },
      }),
    );

    expect(code).toBe(status.INVALID_ARGUMENT);
    expect(fields).toEqual(['recent_count', 'top_count', 'least_count', 'hour_count', 'top_window']);
  });
});
