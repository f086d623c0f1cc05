import { describe, expect, test } from '@jest/globals';
import { createMemoryStore } from '../../../../daemon/memory/store';
import { UnknownErasure } from '../../../../daemon/quota/erasing';
import { ask } from '../../../helpers/conformance/store_factory';
import { policyOf } from '../../../helpers/limit_store';

const POLICY = policyOf([{ name: 'only', algorithm: 'sliding-window', limit: 3, windowMs: 600_000 }], {
  recordsConnections: true,
});

const QUERY = { topWindowMs: 600_000, recentCount: 10, topCount: 10, leastCount: 10, hourCount: 1 };

async function usedBy(store: ReturnType<typeof createMemoryStore>, subject: string) {
  await ask(store, { subject, policy: POLICY });
  await store.recordCall({ subject, service: 'vente', callTimeMs: undefined, requestId: undefined });
}

describe('erasing in memory', () => {
  test('an erased subject is in no list and has a full quota, while others stay', async () => {
    const store = createMemoryStore({ hashOf: (subject) => `hash of ${subject}` });
    await usedBy(store, 'ada');
    await usedBy(store, 'bob');

    const erasure = await store.erasing.eraseSubject('ada');

    const usage = await store.readUsage({ ...QUERY, subject: undefined }, [POLICY.name]);
    expect(JSON.stringify(usage)).not.toContain('ada');
    expect(JSON.stringify(usage)).toContain('bob');
    const [limit] = await store.readQuota('ada', POLICY);
    expect(limit?.remaining).toBe(3);
    expect(erasure).toMatchObject({ subjectHash: 'hash of ada', stepsDone: 1, stepsTotal: 1 });
    expect(await store.erasing.getErasure(erasure.id)).toEqual(erasure);
  });

  test('an erasure that never was is UnknownErasure', async () => {
    await expect(createMemoryStore().erasing.getErasure('none')).rejects.toThrow(UnknownErasure);
  });
});

describe('audit in memory', () => {
  test('changes are listed page by page, the latest first', async () => {
    const { auditing } = createMemoryStore();
    for (const method of ['first', 'second', 'third'])
      await auditing.record({ by: 'me', method, subjectHash: '', fields: {}, code: 'OK', callId: '' });

    const page = await auditing.list({ pageSize: 2, pageToken: undefined });
    const rest = await auditing.list({ pageSize: 2, pageToken: page.nextPageToken });

    expect([...page.entries, ...rest.entries].map(({ method }) => method)).toEqual([
      'third',
      'second',
      'first',
    ]);
    expect(rest.nextPageToken).toBeUndefined();
    await expect(auditing.list({ pageSize: 2, pageToken: 'x' })).rejects.toThrow('page_token');
  });
});
