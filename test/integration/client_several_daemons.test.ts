import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createQuotaClient, type QuotaClient, type WatchedDecision } from '../../client/quota_client';
import { startDaemon, type TestDaemon } from '../helpers/daemon';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';

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

test('client: watch, the decisions of both daemons, and a failure once one of them has stopped', async () => {
  const subject = randomUUID();
  const alone = daemons.map(({ target }) => createQuotaClient({ targets: target }));
  const seen: WatchedDecision[] = [];
  const watching = (async () => {
    for await (const decision of client.watch({ subject, admitted: true })) seen.push(decision);
  })();
  watching.catch(() => undefined);
  const costs = () => new Set(seen.map(({ cost }) => cost));
  for (const endMs = Date.now() + BOUND_MS; costs().size < 2 && Date.now() < endMs; await pause(50)) {
    await client.reset({ subject });
    await Promise.all(alone.map((one, index) => one.admit({ subject, policy: POLICY, cost: index + 1 })));
  }
  for (const one of alone) one.close();

  expect(costs()).toEqual(new Set([1, 2]));
  expect(seen[0]).toMatchObject({ subject, policy: POLICY, admitted: true, missedCount: 0 });
  await daemons[1]?.stop();
  await expect(watching).rejects.toMatchObject({ code: 'QUOTA_UNAVAILABLE' });
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
