import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createQuotaClient, type QuotaClient, type WatchedDecision } from '../../client/quota_client';
import { startDaemon, type TestDaemon } from '../helpers/daemon';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';
import { until } from '../helpers/wait';

const POLICY = 'connection';

/** Longer than a connection takes on a busy machine; a test that fails waits for it. */
const BOUND_MS = 20_000;

let space: RedisSpace;
let daemons: TestDaemon[];
let client: QuotaClient;
beforeAll(async () => {
  space = openRedisSpace();
  const options = { redisUrl: space.url, prefix: space.prefix };
  daemons = await Promise.all([startDaemon(options), startDaemon(options)]);
  client = createQuotaClient({
    targets: daemons.map(({ target }) => target),
    deadlineMs: 5_000,
  });
});
afterAll(async () => {
  client.close();
  await Promise.all(daemons.map((daemon) => daemon.stop()));
  await space.close();
});

test('client: concurrent requests over two daemons, joined, admit exactly as many as the limit', async () => {
  const subject = randomUUID();
  const decisions = await Promise.all(
    Array.from({ length: 40 }, () => client.admit({ subject, policy: POLICY })),
  );

  expect(decisions.filter(({ admitted }) => admitted)).toHaveLength(10);
});

test('client: a repeat with the same id is admitted once, on whichever daemon', async () => {
  const request = { subject: randomUUID(), policy: POLICY, requestId: randomUUID() };
  const repeats = [];
  for (let count = 0; count < 4; count += 1) repeats.push(await client.admit(request));

  expect(repeats.map(({ isRepeat }) => isRepeat)).toEqual([false, true, true, true]);
  expect(await client.quotas(request)).toMatchObject([{ limits: [{ remaining: 9 }] }]);
});

test('client: failures that are joined have the reasons of those alone', async () => {
  const policy = POLICY;
  const refunded = { subject: randomUUID(), policy, requestId: randomUUID() };
  await client.admit(refunded);
  await client.refund(refunded);
  const requests = [refunded, { subject: '1', policy: 'nowhere' }, { subject: 'a\tb', policy }];
  const alone = createQuotaClient({
    targets: daemons.map(({ target }) => target),
    deadlineMs: 5_000,
    joins: false,
  });
  const reasonsOf = async (one: QuotaClient) => {
    const failures = await Promise.all(requests.map((request) => one.admit(request).catch((error) => error)));
    return failures.map(({ grpcStatus, daemonReason }) => [grpcStatus, daemonReason]);
  };
  const expected = [
    ['FAILED_PRECONDITION', 'REFUNDED_REQUEST'],
    ['NOT_FOUND', 'UNKNOWN_POLICY'],
    ['INVALID_ARGUMENT', 'INVALID_REQUEST'],
  ];

  expect([await reasonsOf(client), await reasonsOf(alone)]).toEqual([expected, expected]);
  alone.close();
});

test('client: an admission is given back once, on whichever daemon', async () => {
  const request = { subject: randomUUID(), policy: POLICY };
  const { requestId } = await client.admit(request);
  const taken = { ...request, requestId };

  expect([await client.refund(taken), await client.refund(taken)]).toEqual([true, false]);
  expect(await client.quotas(request)).toMatchObject([{ limits: [{ remaining: 10 }] }]);
  await expect(client.refund({ ...taken, requestId: randomUUID() })).rejects.toMatchObject({
    grpcStatus: 'NOT_FOUND',
    isTemporary: false,
  });
});

test('client: a quota that is reset is free again', async () => {
  const request = { subject: randomUUID(), policy: POLICY };
  await client.batch([request, request]);

  expect(await client.reset(request)).toBe(1);
  expect(await client.quotas(request)).toMatchObject([{ limits: [{ remaining: 10 }] }]);
});

test('client: watch, each decision of both daemons once, and a failure once the watched daemon has stopped', async () => {
  const subject = randomUUID();
  const alone = daemons.map(({ target }) => createQuotaClient({ targets: target, deadlineMs: 5_000 }));
  const seen: WatchedDecision[] = [];
  const watching = (async () => {
    for await (const decision of client.watch({ subject, decision: 'admitted' })) seen.push(decision);
  })();
  watching.catch(() => undefined);
  const costs = () => seen.map(({ cost }) => cost).sort();
  const marks = () => costs().filter((cost) => cost > 2);
  /** One admission by each daemon, of these costs. */
  const admitByEach = async (...taken: readonly number[]) => {
    await client.reset({ subject });
    await Promise.all(alone.map((one, index) => one.admit({ subject, policy: POLICY, cost: taken[index] })));
  };
  // The decisions of the other daemon are seen from about a second later.
  for (const endMs = Date.now() + BOUND_MS; new Set(costs()).size < 2 && Date.now() < endMs; await pause(50))
    await admitByEach(1, 2);
  await admitByEach(3, 4);
  await until('both are seen', () => new Set(marks()).size === 2);
  await admitByEach(5, 5);
  await until('both of the next are seen', () => marks().filter((cost) => cost === 5).length >= 2);

  expect(marks()).toEqual([3, 4, 5, 5]);
  expect(seen[0]).toMatchObject({ subject, policy: POLICY, decision: 'admitted', missedCount: 0 });
  const watched = alone[1]?.watch({ subject });
  let isOpen = false;
  const opening = watched?.next().then(() => {
    isOpen = true;
  });
  await until('the watch is open', async () => {
    await alone[1]?.admit({ subject, policy: POLICY });
    return isOpen;
  });
  await opening;
  const stopped = expect(untilEnd(watched)).rejects.toMatchObject({
    code: 'QUOTA_UNAVAILABLE',
    isTemporary: true,
  });
  await daemons[1]?.stop();
  await stopped;
  for (const one of alone) one.close();
});

/** Reads until the stream fails. */
async function untilEnd(watched: AsyncIterable<unknown> | undefined): Promise<void> {
  for await (const decision of watched ?? []) expect(decision).toBeDefined();
}

test('client: watch, goes on with the other daemon if it is called again after one of two has stopped', async () => {
  const subject = randomUUID();
  const again = createQuotaClient({ targets: daemons.map(({ target }) => target), deadlineMs: 5_000 });
  const next = again.watch({ subject }).next();
  let isSeen = false;
  const noting = next.then(() => {
    isSeen = true;
  });
  for (const endMs = Date.now() + BOUND_MS; !isSeen && Date.now() < endMs; await pause(50))
    await again.admit({ subject, policy: POLICY });
  await noting;
  again.close();

  expect(await next).toMatchObject({ value: { subject } });
});

test('client: requests are still decided if one daemon of two is stopped', async () => {
  expect(await client.admit({ subject: randomUUID(), policy: POLICY })).toMatchObject({
    decidedBy: 'daemon',
  });
});

test('client: with no daemon left, two clients with a local limit of 3 admit its ten and three each', async () => {
  const request = { subject: randomUUID(), policy: POLICY };
  const options = {
    targets: daemons.map(({ target }) => target),
    withoutDaemon: { local: { [POLICY]: { limit: 3, windowMs: 600_000 } } },
  };
  const clients = [createQuotaClient(options), createQuotaClient(options)];
  const admittedBy = async (one: QuotaClient) => {
    const results = await Promise.all(Array.from({ length: 12 }, () => one.admit(request)));
    return results.filter(({ admitted }) => admitted).map(({ decidedBy }) => decidedBy);
  };
  const before = await admittedBy(client);
  await daemons[0]?.stop();
  const after = await Promise.all(clients.map(admittedBy));
  for (const one of clients) one.close();

  expect(before).toEqual(Array(10).fill('daemon'));
  expect(after).toEqual([Array(3).fill('client'), Array(3).fill('client')]);
});
