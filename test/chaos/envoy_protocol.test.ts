import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import { RateLimitResponse_Code as Code } from '../../gen/envoy/service/ratelimit/v3/rls';
import { createEnvoyClient } from '../helpers/envoy_client';
import { closedAfterEach } from '../helpers/opened';
import { failureOf } from '../helpers/quota_client';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

const limits = 'limits: [{ name: per-window, algorithm: sliding-window, limit: 3, window: 10m }]';

const POLICIES = `
policies:
  denying: { on_store_failure: deny, ${limits} }
  admitting: { on_store_failure: admit, ${limits} }
  local: { on_store_failure: local, ${limits} }
envoy:
  shop:
    descriptors:
      - { entries: [{ key: deny }], policy: denying, subject: "{deny}" }
      - { entries: [{ key: admit }], policy: admitting, subject: "{admit}" }
      - { entries: [{ key: local }], policy: local, subject: "{local}" }
`;

/** A daemon whose store has just been killed. */
async function startWithoutStore() {
  const redis = await opened.store();
  const daemon = await opened.daemon({ redisUrl: redis.url, policies: POLICIES });
  const options = { asksOnce: true };
  const envoy = opened.closed(createEnvoyClient(daemon.target, options), (each) => each.close());
  await until('the store decides', () =>
    envoy.passes({ descriptors: [{ deny: randomUUID() }] }).catch(() => false),
  );
  await redis.kill();
  return { redis, daemon, envoy };
}

test('a descriptor whose store is down follows its policy: unavailable, admitted or counted here, never over the limit for it', async () => {
  const { envoy } = await startWithoutStore();
  const deny = { descriptors: [{ deny: randomUUID() }] };

  for (let count = 0; count < 5; count += 1)
    expect(await failureOf(envoy.ask(deny))).toMatchObject({ code: status.UNAVAILABLE });
  const admit = { descriptors: [{ admit: randomUUID() }] };
  for (let count = 0; count < 5; count += 1)
    expect(await envoy.ask(admit)).toMatchObject({
      overallCode: Code.OK,
      statuses: [{ currentLimit: undefined }],
    });
  const local = { descriptors: [{ local: randomUUID() }] };
  const codes = [];
  for (let count = 0; count < 4; count += 1) codes.push((await envoy.ask(local)).overallCode);
  expect(codes).toEqual([Code.OK, Code.OK, Code.OK, Code.OVER_LIMIT]);
});

test('several descriptors without the store: what one takes is given back if another one denies or fails', async () => {
  const { redis, envoy } = await startWithoutStore();
  const [one, other] = [randomUUID(), randomUUID()];
  for (let count = 0; count < 3; count += 1) await envoy.ask({ descriptors: [{ local: other }] });

  expect(await envoy.passes({ descriptors: [{ local: one }, { local: other }] })).toBe(false);
  expect(await failureOf(envoy.ask({ descriptors: [{ local: one }, { deny: one }] }))).toMatchObject({
    code: status.UNAVAILABLE,
  });
  await redis.start();
  await until('the store has what was counted here', async () => {
    const { statuses } = await envoy.ask({ descriptors: [{ local: other }] });
    return statuses[0]?.code === Code.OVER_LIMIT;
  });
  await until('the store decides again', () =>
    envoy.passes({ descriptors: [{ deny: randomUUID() }] }).catch(() => false),
  );
  expect((await envoy.ask({ descriptors: [{ local: one }] })).statuses[0]?.limitRemaining).toBe(2);
});
