import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { type AdmitResponse, Decision } from '../../gen/quota/v1/quota_service';
import { createAdminClient } from '../helpers/admin_client';
import { CAN_CUT_OFF, type CuttableStore, openCuttableStore } from '../helpers/cut_off';
import type { TestDaemon } from '../helpers/daemon';
import { closedAfterEach } from '../helpers/opened';
import type { OwnStore } from '../helpers/own_store';
import { failureOf, untilStoreAnswers } from '../helpers/quota_client';
import { onMasters, openDatabase } from '../helpers/redis';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

const LIMIT = 5;

const POLICIES = `
services: [vente]
policies:
  denying:
    on_store_failure: deny
    limits: [{ name: only, algorithm: sliding-window, limit: ${LIMIT}, window: 10m }]
  admitting:
    on_store_failure: admit
    limits: [{ name: only, algorithm: sliding-window, limit: ${LIMIT}, window: 10m }]
  counting:
    on_store_failure: local
    records: connections
    limits: [{ name: only, algorithm: sliding-window, limit: ${LIMIT}, window: 10m }]
  filling:
    on_store_failure: local
    limits: [{ name: only, algorithm: token-bucket, limit: ${LIMIT}, window: 24h }]
  recovering:
    on_store_failure: local
    limits: [{ name: only, algorithm: sliding-window, limit: ${LIMIT}, window: 10m }]
`;

interface Fault {
  begin(): Promise<unknown>;
  end(): Promise<unknown>;
}

interface Faulty extends Fault {
  readonly store: OwnStore;
  /** Where its daemon is; beside the store unless given. */
  readonly seat?: CuttableStore['seat'];
}

interface Stand {
  readonly store: OwnStore;
  readonly daemon: TestDaemon;
  readonly fault: Fault;
}

/** Starts a daemon on a store of its own, which can fail in one way. */
async function stand(openFaulty: () => Promise<Faulty>): Promise<Stand> {
  const { store, seat = { redisUrl: store.url }, ...fault } = await openFaulty();
  const daemon = await opened.daemon({ ...seat, policies: POLICIES });
  return { store, daemon, fault };
}

async function killed(): Promise<Faulty> {
  const store = await opened.store();
  return { store, begin: store.kill, end: store.start };
}

async function frozen(): Promise<Faulty> {
  const store = await opened.store();
  return { store, begin: async () => store.freeze(), end: async () => store.thaw() };
}

async function cutOff(): Promise<Faulty> {
  const { store, seat, cut, heal } = await openCuttableStore(opened);
  return { store, seat, begin: async () => cut(), end: async () => heal() };
}

async function readOnly(): Promise<Faulty> {
  const store = await opened.store();
  return { store, begin: store.stopWrites, end: store.takeWrites };
}

async function full(): Promise<Faulty> {
  const store = await opened.store();
  const operator = opened.closed(openDatabase(store.url), (client) => client.disconnect());
  const have = (bytes: string) => onMasters(operator, (master) => master.config('SET', 'maxmemory', bytes));
  return { store, begin: () => have('1'), end: () => have('0') };
}

const FAULTS = [
  ['killed', killed],
  ['frozen', frozen],
  ...(CAN_CUT_OFF ? ([['behind a network that passes nothing on', cutOff]] as const) : []),
  ['read-only', readOnly],
  ['full', full],
] as const;

const verdicts = (answers: readonly AdmitResponse[]) => answers.map(({ decision }) => decision);

async function inTurn<Result>(count: number, ask: () => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (let call = 0; call < count; call += 1) results.push(await ask());
  return results;
}

/** Ends the fault, and waits until the store decides on the subject's partition again and holds its journal. */
async function recover({ daemon, fault }: Stand, subject: string): Promise<void> {
  await fault.end();
  await until('the store decides again', async () => {
    const answer = await daemon.client.admit({ subject, policy: 'recovering' });
    return !answer.degraded;
  });
}

describe.each(FAULTS)('a store that is %s', (_, faultOf) => {
  test.each(['counting', 'filling'])(
    'local (%s): counts from what was known, and after the recovery',
    async (policy) => {
      const standing = await stand(faultOf);
      const { daemon, fault } = standing;
      const subject = randomUUID();
      const ask = () => daemon.client.admit({ subject, policy, requestId: randomUUID() });
      await inTurn(2, ask);
      await fault.begin();
      const during = await inTurn(LIMIT, ask);
      await recover(standing, subject);
      const after = await ask();

      expect(verdicts(during)).toEqual([
        ...Array(LIMIT - 2).fill(Decision.ADMITTED),
        Decision.DENIED,
        Decision.DENIED,
      ]);
      expect(during[0]).toMatchObject({ degraded: true, limits: [{ remaining: 2 }] });
      expect(after).toMatchObject({ decision: Decision.DENIED, degraded: false, limits: [{ remaining: 0 }] });
    },
  );

  test('local: each admission is in the statistics once, and its repeat takes nothing', async () => {
    const standing = await stand(faultOf);
    const { daemon, fault } = standing;
    const subject = randomUUID();
    const requestId = randomUUID();
    await fault.begin();
    const ask = () => daemon.client.admit({ subject, policy: 'counting', requestId });
    const during = await inTurn(3, ask);
    await recover(standing, subject);
    const repeat = await ask();
    // Of all partitions, each of which recovers by itself.
    const { subjectUsage } = await untilStoreAnswers(() => daemon.client.stats({ subject }));

    expect(during.map(({ isRepeat }) => isRepeat)).toEqual([false, true, true]);
    expect(repeat).toMatchObject({ isRepeat: true, limits: [{ remaining: LIMIT - 1 }] });
    expect(subjectUsage).toMatchObject({ connectionCount: 1 });
  });

  test('admit: everything admitted, and counted after the recovery', async () => {
    const standing = await stand(faultOf);
    const { daemon, fault } = standing;
    const subject = randomUUID();
    const ask = () => daemon.client.admit({ subject, policy: 'admitting', requestId: randomUUID() });
    await fault.begin();
    const during = await inTurn(LIMIT + 2, ask);
    await recover(standing, subject);

    expect(verdicts(during)).toEqual(Array(LIMIT + 2).fill(Decision.ADMITTED));
    expect(during.every(({ degraded }) => degraded)).toBe(true);
    expect(await ask()).toMatchObject({ decision: Decision.DENIED, degraded: false });
  });

  test('deny: UNAVAILABLE, and nothing taken', async () => {
    const standing = await stand(faultOf);
    const { daemon, fault } = standing;
    const subject = randomUUID();
    const ask = () => daemon.client.admit({ subject, policy: 'denying', requestId: randomUUID() });
    await fault.begin();
    const failures = await inTurn(LIMIT, () => failureOf(ask()));
    await recover(standing, subject);

    expect(failures.map(({ code }) => code)).toEqual(Array(LIMIT).fill(status.UNAVAILABLE));
    expect((await ask()).decision).toBe(Decision.ADMITTED);
  });
});

describe('a store that is gone', () => {
  test('what only it can answer is UNAVAILABLE', async () => {
    const { daemon, fault } = await stand(killed);
    await fault.begin();

    expect(await failureOf(daemon.client.stats())).toMatchObject({ code: status.UNAVAILABLE });
    expect(
      await failureOf(daemon.client.recordCall({ subject: randomUUID(), service: 'vente' })),
    ).toMatchObject({ code: status.UNAVAILABLE });
  });

  test('two daemons and a restart, each process admits no more than the limit', async () => {
    const standing = await stand(killed);
    const { store, daemon, fault } = standing;
    const options = { redisUrl: store.url, policies: POLICIES };
    const others = [await opened.daemon(options), await opened.daemon(options)];
    const subject = randomUUID();
    const admittedBy = async ({ client }: TestDaemon) =>
      verdicts(
        await inTurn(LIMIT + 3, () => client.admit({ subject, policy: 'counting', requestId: randomUUID() })),
      ).filter((decision) => decision === Decision.ADMITTED).length;
    await fault.begin();
    const counts = [await admittedBy(daemon), await admittedBy(others[0] ?? daemon)];
    others[1]?.process.kill('SIGKILL');
    counts.push(await admittedBy(await opened.daemon(options)));
    await recover(standing, subject);

    expect(counts).toEqual([LIMIT, LIMIT, LIMIT]);
    expect(await daemon.client.admit({ subject, policy: 'counting' })).toMatchObject({
      decision: Decision.DENIED,
      degraded: false,
    });
  });

  test('the log says once that it is missing and once that it is back', async () => {
    const standing = await stand(killed);
    const { daemon, fault } = standing;
    const ask = () => daemon.client.admit({ subject: randomUUID(), policy: 'counting' });
    await fault.begin();
    await inTurn(5, ask);
    await recover(standing, randomUUID());
    await until('the log says so', () =>
      daemon.log.some(({ msg }) => String(msg).startsWith('the store decides again')),
    );

    expect(daemon.log.filter(({ msg }) => String(msg).startsWith('degraded:'))).toHaveLength(1);
  });
});

describe("a calls' database that is gone", () => {
  test('calls and statistics are UNAVAILABLE; admissions go on as ever, and the daemon is ready', async () => {
    const redis = await opened.store();
    const calls = await opened.redis();
    const daemon = await opened.daemon({
      redisUrl: redis.url,
      policies: POLICIES,
      env: { REDIS_CALLS_URL: calls.url },
    });
    const subject = randomUUID();
    await calls.kill();
    await until('the part is not ready', async () => {
      const { parts } = (await (await fetch(`${daemon.httpUrl}/readyz`)).json()) as {
        parts: Record<string, boolean>;
      };
      return parts.redis_calls === false;
    });

    for (const policy of ['denying', 'counting'])
      expect(await daemon.client.admit({ subject, policy })).toMatchObject({
        decision: Decision.ADMITTED,
        degraded: false,
      });
    expect((await fetch(`${daemon.httpUrl}/readyz`)).status).toBe(200);
    const admin = opened.closed(createAdminClient(daemon.target), (each) => each.close());
    const { quotas, usage } = await admin.getQuota(subject, 'denying', { seconds: 259_200, nanos: 0 });
    expect([quotas.length, usage]).toEqual([1, undefined]);
    const call = { subject, service: 'vente' };
    expect(await failureOf(daemon.client.recordCall(call))).toMatchObject({ code: status.UNAVAILABLE });
    expect(await failureOf(daemon.client.stats())).toMatchObject({ code: status.UNAVAILABLE });
  });
});
