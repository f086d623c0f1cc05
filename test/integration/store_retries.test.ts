import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { Decision } from '../../gen/quota/v1/quota_service';
import { createAdminClient } from '../helpers/admin_client';
import { failingPolicies } from '../helpers/failing_policies';
import { closedAfterEach } from '../helpers/opened';
import { createQuotaClient, failureOf } from '../helpers/quota_client';

const opened = closedAfterEach();

async function frozenFor(work: (target: string) => Promise<void>): Promise<void> {
  const redis = await opened.redis();
  const daemon = await opened.daemon({ redisUrl: redis.url, policies: failingPolicies('deny') });
  redis.freeze();
  // This one asks once: after its second failure, the others have asked in vain too.
  const inVain = () => failureOf(daemon.client.admit({ subject: 'anybody', policy: 'connection' }));
  const thawing = inVain().then(inVain).then(redis.thaw);
  await work(daemon.target);
  await thawing;
}

test('the client of the tests: asks again if the store does not answer, and takes nothing twice', async () => {
  await frozenFor(async (target) => {
    const client = opened.closed(createQuotaClient(target), (made) => made.close());
    const subject = randomUUID();
    const first = await client.admit({ subject, policy: 'connection' });
    const second = await client.admit({ subject, policy: 'connection' });

    expect(first.decision).toBe(Decision.ADMITTED);
    expect([first, second].map(({ limits }) => limits[0]?.remaining)).toEqual([9, 8]);
  });
});

test('the operator’s client of the tests: a store that does not answer is asked again', async () => {
  await frozenFor(async (target) => {
    const admin = opened.closed(createAdminClient(target), (made) => made.close());

    expect((await admin.getQuota('anybody', 'connection')).quotas).toHaveLength(1);
  });
});
