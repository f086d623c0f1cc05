import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { newToken } from '../../daemon/access/tokens';
import {
  RateLimitResponse_Code as Code,
  RateLimitResponse_RateLimit_Unit as Unit,
} from '../../gen/envoy/service/ratelimit/v3/rls';
import { RateLimitUnit } from '../../gen/envoy/type/v3/ratelimit_unit';
import { accessFile, createFolder } from '../helpers/access';
import { createAdminClient } from '../helpers/admin_client';
import { createEnvoyClient, descriptorOf, type EnvoyClientOptions } from '../helpers/envoy_client';
import { closedAfterEach } from '../helpers/opened';
import { failureOf } from '../helpers/quota_client';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

const POLICIES = `
policies:
  connection:
    limits: [{ name: per-window, algorithm: sliding-window, limit: 10, window: 10m }]
  login:
    limits: [{ name: per-minute, algorithm: sliding-window, limit: 3, window: 1m }]
envoy:
  shop:
    descriptors:
      - { entries: [{ key: remote_address }], policy: connection, subject: "{remote_address}" }
      - { entries: [{ key: user }], policy: login, subject: "user-{user}", max_override: 5 }
  once:
    exactly_once: true
    descriptors:
      - { entries: [{ key: remote_address }], policy: connection, subject: "{remote_address}" }
      - { entries: [{ key: user }], policy: login, subject: "user-{user}" }
`;

interface Started extends EnvoyClientOptions {
  readonly policies?: string;
  readonly env?: Record<string, string>;
}

/** A daemon, and a gateway that asks it. */
async function start({ policies = POLICIES, env = {}, ...options }: Started = {}) {
  const space = opened.space();
  const daemon = await opened.daemon({ redisUrl: space.url, prefix: space.prefix, policies, env });
  const envoy = opened.closed(createEnvoyClient(daemon.target, options), (each) => each.close());
  return { space, daemon, envoy };
}

const OVERALL = { ok: { overallCode: Code.OK }, over: { overallCode: Code.OVER_LIMIT } };

describe('ShouldRateLimit', () => {
  test('passes ten calls and denies the eleventh, with the limit, the delay and the headers', async () => {
    const { envoy } = await start();
    const asked = { descriptors: [{ remote_address: randomUUID() }] };
    const answers = [];
    for (let count = 0; count < 11; count += 1) answers.push(await envoy.ask(asked));

    expect(answers.map(({ overallCode }) => overallCode)).toEqual([
      ...Array(10).fill(Code.OK),
      Code.OVER_LIMIT,
    ]);
    expect(answers[9]?.statuses[0]?.limitRemaining).toBe(0);
    const { statuses, responseHeadersToAdd } = answers[10] ?? { statuses: [], responseHeadersToAdd: [] };
    expect(statuses).toEqual([
      {
        code: Code.OVER_LIMIT,
        currentLimit: { name: 'connection', requestsPerUnit: 10, unit: Unit.UNKNOWN },
        limitRemaining: 0,
        durationUntilReset: { seconds: expect.any(Number), nanos: 0 },
      },
    ]);
    const { seconds = 0 } = statuses[0]?.durationUntilReset ?? {};
    expect(responseHeadersToAdd).toEqual([
      { key: 'RateLimit-Policy', value: '"connection";q=10;w=600' },
      { key: 'RateLimit', value: `"connection";r=0;t=${seconds}` },
      { key: 'Retry-After', value: String(seconds) },
    ]);
  });

  test('counts together with Admit, and names the unit of a window that is one', async () => {
    const { daemon, envoy } = await start();
    const user = randomUUID();
    await daemon.client.admit({ subject: `user-${user}`, policy: 'login', cost: 2 });

    expect((await envoy.ask({ descriptors: [{ user }] })).statuses[0]).toMatchObject({
      currentLimit: { name: 'login', requestsPerUnit: 3, unit: Unit.MINUTE },
      limitRemaining: 0,
    });
  });

  test('answers OK without a limit for an unknown domain and for what no rule matches', async () => {
    const { envoy } = await start();
    const none = { code: Code.OK, currentLimit: undefined, limitRemaining: 0, durationUntilReset: undefined };

    for (const asked of [
      { domain: 'elsewhere', descriptors: [{ user: 'hugo' }] },
      { descriptors: [{ tenant: 'hugo' }] },
      { descriptors: [{}] },
    ])
      expect(await envoy.ask(asked)).toEqual({ ...OVERALL.ok, statuses: [none], responseHeadersToAdd: [] });
  });

  test('rejects an empty list and negative hits, and takes nothing', async () => {
    const { envoy } = await start();
    const user = randomUUID();
    const negative = { ...descriptorOf({ user }), hitsAddend: 1, isNegativeHits: true };

    expect(await failureOf(envoy.ask({ descriptors: [] }))).toMatchObject({
      code: status.INVALID_ARGUMENT,
      fields: ['descriptors'],
    });
    expect(await failureOf(envoy.ask({ descriptors: [{ user }, negative] }))).toMatchObject({
      code: status.INVALID_ARGUMENT,
      fields: ['descriptors[1].is_negative_hits'],
    });
    const unreadable = { ...descriptorOf({ user }), hitsAddend: 2 ** 60 };
    expect(await failureOf(envoy.ask({ descriptors: [unreadable] }))).toMatchObject({
      code: status.INVALID_ARGUMENT,
      fields: ['descriptors[0].hits_addend'],
    });
    expect((await envoy.ask({ descriptors: [{ user }] })).statuses[0]?.limitRemaining).toBe(2);
  });

  test('takes the hits of the descriptor or else of the request, and only checks with 0 of a descriptor', async () => {
    const { envoy } = await start();
    const described = descriptorOf({ user: randomUUID() });
    const left = async (hitsAddend: number | undefined, ofRequest: number) => {
      const { statuses } = await envoy.ask({
        descriptors: [{ ...described, hitsAddend }],
        hitsAddend: ofRequest,
      });
      return [statuses[0]?.code, statuses[0]?.limitRemaining];
    };

    expect(await left(0, 3)).toEqual([Code.OK, 3]);
    expect(await left(undefined, 0)).toEqual([Code.OK, 2]);
    expect(await left(undefined, 2)).toEqual([Code.OK, 0]);
    expect(await left(0, 0)).toEqual([Code.OVER_LIMIT, 0]);
  });

  test('follows an override as far as the mapping allows it', async () => {
    const { envoy } = await start();
    const limit = (requestsPerUnit: number) => ({
      requestsPerUnit,
      unit: RateLimitUnit.MINUTE,
      unitMultiplier: undefined,
    });
    const sizeOf = async (described: Record<string, string>, requestsPerUnit: number) => {
      const descriptor = { ...descriptorOf(described), limit: limit(requestsPerUnit) };
      return (await envoy.ask({ descriptors: [descriptor] })).statuses[0]?.currentLimit?.requestsPerUnit;
    };

    expect(await sizeOf({ user: randomUUID() }, 4)).toBe(4);
    expect(await sizeOf({ user: randomUUID() }, 4000)).toBe(5);
    expect(await sizeOf({ remote_address: randomUUID() }, 4)).toBe(10);
  });

  test('lets an override admit what the limit itself has just denied', async () => {
    const { envoy } = await start();
    const described = { user: randomUUID() };
    const wide = {
      ...descriptorOf(described),
      limit: { requestsPerUnit: 5, unit: RateLimitUnit.MINUTE, unitMultiplier: undefined },
    };
    for (let count = 0; count < 3; count += 1) await envoy.ask({ descriptors: [described] });

    expect(await envoy.passes({ descriptors: [described] })).toBe(false);
    expect(await envoy.passes({ descriptors: [wide] })).toBe(true);
    expect(await envoy.passes({ descriptors: [described] })).toBe(false);
  });
});

describe('several descriptors', () => {
  test('take from all or from none, and each denial says which one denied', async () => {
    const { envoy } = await start();
    const descriptors = [{ remote_address: randomUUID() }, { user: randomUUID() }, { tenant: 'unknown' }];
    const answers = [];
    for (let count = 0; count < 5; count += 1) answers.push(await envoy.ask({ descriptors }));

    expect(answers.map(({ overallCode }) => overallCode)).toEqual([1, 1, 1, 2, 2]);
    expect(answers[4]?.statuses.map(({ code, limitRemaining }) => [code, limitRemaining])).toEqual([
      [Code.OK, 7],
      [Code.OVER_LIMIT, 0],
      [Code.OK, 0],
    ]);
  });

  test('asked at once of two daemons, admit exactly the narrowest limit, and count the races', async () => {
    const { space, daemon, envoy } = await start();
    const other = await opened.daemon({ redisUrl: space.url, prefix: space.prefix, policies: POLICIES });
    const elsewhere = opened.closed(createEnvoyClient(other.target), (each) => each.close());
    const admin = opened.closed(createAdminClient(daemon.target), (each) => each.close());
    const crowd = async () => {
      const address = randomUUID();
      const descriptors = [{ remote_address: address }, { user: randomUUID() }];
      const passed = await Promise.all(
        Array.from({ length: 40 }, (_, at) => (at % 2 === 0 ? envoy : elsewhere).passes({ descriptors })),
      );
      const { quotas } = await admin.getQuota(address, 'connection');
      return [passed.filter(Boolean).length, quotas[0]?.limits[0]?.remaining];
    };
    // Nearly every crowd has a few.
    await until('a race', async () => {
      expect(await crowd()).toEqual([3, 7]);
      const metrics = await (await fetch(`${daemon.httpUrl}/metrics`)).text();
      expect(metrics).toMatch(/^quota_descriptor_races_total\{result="lost"\} 0$/m);
      return /^quota_descriptor_races_total\{result="refunded"\} [1-9]/m.test(metrics);
    });
  });
});

describe('exactly once', () => {
  test('is off: a repeat of a request takes again', async () => {
    const { envoy } = await start();
    const asked = { descriptors: [{ user: randomUUID() }], requestId: randomUUID() };
    await envoy.ask(asked);

    expect((await envoy.ask(asked)).statuses[0]?.limitRemaining).toBe(1);
  });

  test('switched on, takes nothing for a repeat, of one descriptor or of several', async () => {
    const { envoy } = await start();
    const asked = {
      domain: 'once',
      descriptors: [{ remote_address: randomUUID() }, { user: randomUUID() }],
      requestId: randomUUID(),
    };
    const left = async (of: typeof asked) =>
      (await envoy.ask(of)).statuses.map(({ limitRemaining }) => limitRemaining);

    expect(await left(asked)).toEqual([9, 2]);
    expect(await left(asked)).toEqual([9, 2]);
    expect(await left({ ...asked, descriptors: asked.descriptors.slice(0, 1) })).toEqual([9]);
    expect(await left({ ...asked, requestId: randomUUID() })).toEqual([8, 1]);
  });
});

describe('who may ask', () => {
  const folder = createFolder();
  const token = newToken();

  test('a caller within its restrictions, and nobody without a token', async () => {
    const caller = {
      name: 'gateway',
      role: 'caller',
      tokens: [token],
      policies: ['login'],
      subject_prefix: 'user-',
      max_cost: 2,
    };
    const access = folder.write('access.yaml', accessFile([caller as never]));
    const { daemon, envoy } = await start({ token, env: { QUOTA_ACCESS: access } });
    const stranger = opened.closed(createEnvoyClient(daemon.target), (each) => each.close());
    const descriptors = [{ user: randomUUID() }];

    expect(await envoy.passes({ descriptors })).toBe(true);
    expect(await failureOf(envoy.ask({ descriptors, hitsAddend: 3 }))).toMatchObject({
      code: status.PERMISSION_DENIED,
      message: 'cost must be 2 at most for this caller',
    });
    expect(await failureOf(envoy.ask({ descriptors: [{ remote_address: 'a' }] }))).toMatchObject({
      code: status.PERMISSION_DENIED,
      message: expect.stringMatching(/subject must begin with "user-".*policy must be login/),
    });
    expect(await failureOf(stranger.ask({ descriptors }))).toMatchObject({ code: status.UNAUTHENTICATED });
    folder.remove();
  });
});

describe('the mapping', () => {
  test('is shown by ListPolicies, and a change of the file applies', async () => {
    const { daemon, envoy } = await start();
    const admin = opened.closed(createAdminClient(daemon.target), (each) => each.close());
    const { envoyDomains, digest } = await admin.listPolicies();

    expect(envoyDomains).toMatchObject([
      {
        name: 'shop',
        exactlyOnce: false,
        descriptors: [
          {
            entries: [{ key: 'remote_address', value: '' }],
            policy: 'connection',
            subject: '{remote_address}',
            maxOverride: 0,
          },
          { policy: 'login', subject: 'user-{user}', maxOverride: 5 },
        ],
      },
      { name: 'once', exactlyOnce: true },
    ]);
    daemon.writePolicies(POLICIES.replace('  shop:', '  store:'));
    await until('the new mapping applies', async () => {
      const { statuses } = await envoy.ask({ domain: 'store', descriptors: [{ user: 'hugo' }] });
      return statuses[0]?.currentLimit !== undefined;
    });
    expect((await admin.listPolicies()).digest).not.toBe(digest);
  });
});
