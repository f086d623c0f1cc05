import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { usersTable } from '../../web/accounts/users';
import { openMarket } from '../helpers/market';
import { closedAfterEach } from '../helpers/opened';

const opened = closedAfterEach();

test('least active: every student is listed by count and id, who never called included, and no staff', async () => {
  const { pool, market, sell } = opened.closed(await openMarket(), (own) => own.close());
  const users = usersTable(pool);
  const sam = { email: 'sam@example.org', firstName: 'Sam', lastName: 'Staff', passwordHash: '-' };
  await users.insert({ ...sam, role: 'staff' });
  const articleId = await sell({ sellerId: 1 });
  for (let i = 0; i < 2; i += 1) await market.buy({ requestId: randomUUID(), buyerId: 2, articleId });

  expect(await users.leastActive(10)).toEqual([
    { id: 3, count: 0 },
    { id: 1, count: 1 },
    { id: 2, count: 2 },
  ]);
  expect(await users.leastActive(1)).toEqual([{ id: 3, count: 0 }]);
});

test('least active: articles from before the count are counted for the seller and the buyer', async () => {
  const { pool, market, sell } = opened.closed(await openMarket(), (own) => own.close());
  const articleId = await sell({ sellerId: 1 });
  await sell({ sellerId: 1 });
  await market.buy({ requestId: randomUUID(), buyerId: 2, articleId });
  await pool.query('UPDATE users SET service_call_count = 0');
  const migration = '../../web/migrations/0008_count_earlier_service_calls.sql';
  await pool.query(readFileSync(join(__dirname, migration), 'utf8'));

  expect(await usersTable(pool).leastActive(10)).toEqual([
    { id: 3, count: 0 },
    { id: 2, count: 1 },
    { id: 1, count: 2 },
  ]);
});
