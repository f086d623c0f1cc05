import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { openLimitStore, policyOf } from '../helpers/limit_store';
import { closedAfterEach } from '../helpers/opened';

const opened = closedAfterEach();

const policy = policyOf([{ name: 'w', algorithm: 'sliding-window', limit: 1000, windowMs: 600_000 }], {
  rememberMs: 600_000,
});

/** Members that one call dates anew. */
const REDATED = 1000;
const COST = 5;

test('a request whose tokens were dated anew in two steps is still known with its cost', async () => {
  const space = opened.space();
  const store = await openLimitStore(space);
  const request = { policy, subject: 'ada', cost: COST, requestId: randomUUID() };
  await store.admit(request);
  const key = store.keys.taken(policy.name, 'ada');
  const aheadUs = (Date.now() + 3_600_000) * 1000;
  const members = await space.admissions.zrangeBuffer(key, '0', '-1');
  for (const member of members) await space.admissions.zadd(key, String(aheadUs + 1), member);
  const others = Array.from({ length: REDATED - 2 }, (_, at) => [String(aheadUs), `other-${at}`]);
  await space.admissions.zadd(key, ...others.flat());

  await store.admit({ policy, subject: 'ada', requestId: randomUUID() });
  const scores = new Set(await space.admissions.zmscore(key, ...members));
  const repeat = await store.admit(request);

  expect(scores.size).toBe(2);
  expect(repeat.isRepeat).toBe(true);
  for (const cost of [1, COST - 1, COST + 1])
    await expect(store.admit({ ...request, cost })).rejects.toMatchObject({ name: 'InvalidRequest' });
});
