import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { InvalidRequest } from '../../../daemon/quota/errors';
import type { Override, OverrideQuery } from '../../../daemon/quota/overrides';
import type { QuotaStore } from '../../../daemon/quota/store';
import { HOUR_MS, openedStore, policyOf, type StoreFactory } from './store_factory';

/** Redis returns up to 512 fields of a hash in one piece, for any page size. */
const OVERRIDE_COUNT = 600;

/** The overrides that hold, page by page. */
export function describeOverrideLists(open: StoreFactory): void {
  describe('listOverrides', () => {
    const policy = policyOf('listed', [
      { name: 'only', algorithm: 'sliding-window', limit: 5, windowMs: HOUR_MS },
    ]);
    const store = openedStore(open, { policies: [policy] });
    const set = (subject: string, limit = 7) =>
      store().setOverride({
        subject,
        policy: policy.name,
        limitName: 'only',
        limit,
        expireTimeMs: undefined,
        setBy: 'alice',
      });

    test('each override is listed, also in small pages', async () => {
      const subjects = Array.from({ length: OVERRIDE_COUNT }, () => `${randomUUID()}:with:colons`);
      await Promise.all(subjects.map((subject) => set(subject)));
      const listed = await allOverrides(store(), undefined, 20);
      const ours = new Set(
        listed.map(({ subject }) => subject).filter((subject) => subjects.includes(subject)),
      );

      expect(ours.size).toBe(OVERRIDE_COUNT);
      const { nextPageToken } = await store().listOverrides({ ...EVERYBODY, pageSize: 20 });
      expect(nextPageToken).toEqual(expect.any(String));
    });

    test('the list of one subject has its own alone, as last set', async () => {
      const subject = randomUUID();
      await set(randomUUID());
      await set(subject);
      await set(subject, 8);

      expect(await allOverrides(store(), subject)).toEqual([
        {
          subject,
          policy: policy.name,
          limitName: 'only',
          limit: 8,
          expireTimeMs: undefined,
          setBy: 'alice',
          setTimeMs: expect.any(Number),
        },
      ]);
    });

    test('an invalid page token is rejected', async () => {
      const refused = store().listOverrides({ ...EVERYBODY, pageToken: 'nonsense' });

      await expect(refused).rejects.toEqual(
        expect.objectContaining({
          name: InvalidRequest.name,
          faults: [expect.objectContaining({ field: 'page_token' })],
        }),
      );
    });
  });
}

const EVERYBODY: OverrideQuery = { subject: undefined, pageSize: 100, pageToken: undefined };

/** The overrides of one subject, or of all, from every page. */
export async function allOverrides(
  store: QuotaStore,
  subject: string | undefined,
  pageSize = 100,
): Promise<Override[]> {
  const all: Override[] = [];
  let pageToken: string | undefined;
  do {
    const page = await store.listOverrides({ subject, pageSize, pageToken });
    all.push(...page.overrides);
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
  return all;
}
