import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { createAdminClient } from '../helpers/admin_client';
import {
  describeWithEnvoy,
  ENVOY_POLICIES,
  startApplication,
  startEnvoy,
  type TestEnvoy,
} from '../helpers/envoy';
import { closedAfterEach } from '../helpers/opened';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

/** On a busy machine an answer may take longer, and then Envoy passes what nobody has counted. */
const patient = (config: string) => config.replace('timeout: 0.5s', 'timeout: 30s');

/** So many that a test which is not about it never reaches it. */
const WIDE = { before: 'limit: 10, window: 10m', after: 'limit: 1000, window: 10m' };

interface Stand {
  readonly policies?: string;
  readonly change?: (config: string) => string;
}

/** Envoy as the example configures it, a daemon with the example's policies, and an application. */
async function stand({ policies = ENVOY_POLICIES, change = patient }: Stand = {}) {
  const space = opened.space();
  const startDaemon = (env: Record<string, string> = {}) =>
    opened.daemon({ redisUrl: space.url, prefix: space.prefix, policies, env });
  const daemon = await startDaemon();
  const application = opened.closed(await startApplication(), (each) => each.stop());
  const startAnother = async (target: string): Promise<TestEnvoy> =>
    opened.closed(await startEnvoy({ daemon: target, application: application.port, change }), (each) =>
      each.stop(),
    );
  const envoy = await startAnother(daemon.target);
  return { daemon, startDaemon, application, envoy, startAnother };
}

const logIn = (envoy: TestEnvoy, user: string, headers: Record<string, string> = {}) =>
  fetch(`${envoy.url}/login`, { headers: { 'x-user': user, ...headers } });

async function statusesOf(count: number, ask: () => Promise<Response>): Promise<number[]> {
  const statuses = [];
  for (let at = 0; at < count; at += 1) {
    const answer = await ask();
    await answer.text();
    statuses.push(answer.status);
  }
  return statuses;
}

describeWithEnvoy('Envoy 1.40, as docs/envoy configures it', () => {
  test('passes ten requests, and answers the eleventh with 429 and the headers', async () => {
    const { envoy, application } = await stand();
    const statuses = await statusesOf(10, () => fetch(envoy.url));
    const last = await fetch(envoy.url);

    expect([...statuses, last.status]).toEqual([...Array(10).fill(200), 429]);
    expect(application.answeredCount()).toBe(10);
    const header = (name: string) => last.headers.get(name);
    expect(header('ratelimit-policy')).toBe('"client-request";q=10;w=600');
    expect(header('x-ratelimit-limit')).toBe('10');
    expect(header('x-ratelimit-remaining')).toBe('0');
    const seconds = Number(header('retry-after'));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(600);
    expect(header('ratelimit')).toBe(`"client-request";r=0;t=${seconds}`);
    expect(header('x-ratelimit-reset')).toBe(String(seconds));
  });

  test('unchanged, never passes an eleventh request that the daemon has decided on', async () => {
    const { envoy } = await stand({ change: (config) => config });
    const passed: Response[] = [];
    await until('a request is denied', async () => {
      const answer = await fetch(envoy.url);
      if (answer.status === 200) passed.push(answer);
      return answer.status === 429;
    });

    const decidedCount = passed.filter(({ headers }) => headers.has('ratelimit')).length;
    expect(decidedCount).toBeLessThanOrEqual(10);
    expect(passed.length).toBeGreaterThanOrEqual(10);
  });

  test.each([
    ['1s', 1],
    ['1m', 60],
    ['1h', 3_600],
    ['1d', 86_400],
    ['7d', 604_800],
  ])('shows a window of %s as %d seconds', async (window, seconds) => {
    const { envoy } = await stand({ policies: ENVOY_POLICIES.replace('window: 10m', `window: ${window}`) });
    const { headers } = await fetch(envoy.url);

    expect(headers.get('x-ratelimit-limit')).toBe(`10, 10;w=${seconds};name="client-request"`);
  });

  test('takes nothing from the address for logins that are denied to the user', async () => {
    const { envoy, daemon } = await stand();
    const statuses = await statusesOf(8, () => logIn(envoy, 'hugo'));

    expect(statuses).toEqual([200, 200, 200, 429, 429, 429, 429, 429]);
    const admin = opened.closed(createAdminClient(daemon.target), (each) => each.close());
    const { quotas } = await admin.getQuota('127.0.0.1', 'client-request');
    expect(quotas[0]?.limits[0]?.remaining).toBe(7);
  });

  test('counts a client by its connection, whatever its X-Forwarded-For says', async () => {
    const { envoy } = await stand();
    let count = 0;
    const statuses = await statusesOf(11, () => {
      count += 1;
      return fetch(envoy.url, { headers: { 'x-forwarded-for': `192.0.2.${count}` } });
    });

    expect(statuses.at(-1)).toBe(429);
  });

  test('twice, before two daemons on one store, passes exactly the limit', async () => {
    const { envoy, startDaemon, startAnother, application } = await stand();
    const other = await startAnother((await startDaemon()).target);
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, at) => fetch((at % 2 === 0 ? envoy : other).url)),
    );

    expect(answers.filter(({ status }) => status === 200)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(30);
    expect(application.answeredCount()).toBe(10);
  });
});

describeWithEnvoy('Envoy 1.40, exactly once', () => {
  const once = ENVOY_POLICIES.replace('exactly_once: false', 'exactly_once: true');

  test('denies the eleventh request of a client that repeats its x-request-id', async () => {
    const { envoy } = await stand({ policies: once });
    const headers = { 'x-request-id': randomUUID() };

    expect(await statusesOf(11, () => fetch(envoy.url, { headers }))).toEqual([...Array(10).fill(200), 429]);
  });

  test('takes once for an x-request-id that Envoy keeps', async () => {
    // The guard of the example is use_remote_address; without it a client chooses the id.
    const change = (config: string) =>
      patient(config).replace('use_remote_address: true', 'use_remote_address: false');
    const { envoy } = await stand({ policies: once, change });
    const headers = { 'x-request-id': randomUUID(), 'x-forwarded-for': '127.0.0.1' };

    expect(await statusesOf(12, () => fetch(envoy.url, { headers }))).toEqual(Array(12).fill(200));
  });
});

describeWithEnvoy.each([
  [false, 200],
  [true, 500],
])('Envoy 1.40 without its daemon, failure_mode_deny: %s', (isDenying, withoutDaemon) => {
  const change = (config: string) =>
    config.replace('failure_mode_deny: false', `failure_mode_deny: ${isDenying}`);

  test(`answers ${withoutDaemon} while the daemon is killed, and by the limit before and after`, async () => {
    const policies = ENVOY_POLICIES.replace(WIDE.before, WIDE.after);
    const { envoy, daemon, startDaemon } = await stand({ policies, change });
    const seen: { user: string; status: number }[] = [];
    let isLoading = true;
    async function load(user: string): Promise<void> {
      while (isLoading) {
        const { status } = await logIn(envoy, user);
        seen.push({ user, status });
        await pause(1);
      }
    }
    const users = ['ada', 'hugo', 'ines'];
    const loads = users.map(load);
    const passedOf = (user: string) =>
      seen.filter((each) => each.user === user && each.status === 200).length;
    const denied = (from: number) =>
      users.every((user) => seen.slice(from).some((each) => each.user === user && each.status === 429));

    try {
      await until('each user is denied', () => denied(0));
      daemon.process.kill('SIGKILL');
      await until('the daemon is missing', () =>
        seen.slice(-20).every(({ status }) => status === withoutDaemon),
      );
      const from = seen.length;
      await startDaemon({ QUOTA_LISTEN: daemon.target });
      await until('each user is denied again', () => denied(from));

      expect(new Set(seen.map(({ status }) => status))).toEqual(new Set([200, 429, withoutDaemon]));
      // If nothing passes without an answer, no more have passed than the limit, before and after together.
      if (isDenying) for (const user of users) expect(passedOf(user)).toBeLessThanOrEqual(3);
    } finally {
      isLoading = false;
      await Promise.all(loads);
    }
  });
});
