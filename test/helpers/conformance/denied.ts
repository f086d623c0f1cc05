import { describe, expect, test } from '@jest/globals';
import { MOST_DENIED } from '../../../daemon/quota/denied';
import type { Limit } from '../../../daemon/quota/limits';
import { ask, HOUR_MS, openedStore, policyOf, type StoreFactory } from './store_factory';

const LIMITS: readonly Limit[] = [{ name: 'only', algorithm: 'sliding-window', limit: 1, windowMs: HOUR_MS }];
const FIRST = policyOf('first', LIMITS);
const SECOND = policyOf('second', LIMITS);

/** Who was denied lately. */
export function describeDenied(open: StoreFactory): void {
  describe('the subjects that were denied lately', () => {
    const store = openedStore(open, { policies: [FIRST, SECOND] });
    const deny = (subject: string, policy = FIRST) => ask(store(), { policy, subject, cost: 2 });
    const subjects = async (policy: string, count = 100) =>
      (await store().listDenied(policy, count)).map(({ subject }) => subject);

    test('each is listed once, the latest first, by its policy alone, and nobody who was admitted', async () => {
      await deny('ada');
      await deny('eve: with a colon');
      const last = await deny('ada');
      await deny('bob', SECOND);
      await ask(store(), { policy: FIRST, subject: 'moe' });

      expect(await subjects('first')).toEqual(['ada', 'eve: with a colon']);
      expect(await subjects('second')).toEqual(['bob']);
      expect(await subjects('first', 1)).toEqual(['ada']);
      const [latest] = await store().listDenied('first', 1);
      expect(latest?.denyTimeMs).toBe(Math.floor(last.decidedUs / 1000));
    });

    test('a policy that denied nobody lists nobody', async () => {
      expect(await subjects('nosuch')).toEqual([]);
    });

    test('of more than are kept, the latest are listed', async () => {
      for (let at = 0; at <= MOST_DENIED + 5; at += 1) await deny(`user-${at}`, SECOND);
      const listed = await subjects('second', MOST_DENIED + 100);

      expect(listed).toHaveLength(MOST_DENIED);
      expect([listed[0], listed.at(-1)]).toEqual([`user-${MOST_DENIED + 5}`, 'user-6']);
    });
  });
}
