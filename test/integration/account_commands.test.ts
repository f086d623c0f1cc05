import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { RowDataPacket } from 'mysql2/promise';
import { deleteUser } from '../../web/accounts/deleted_users';
import { hashPassword, verifyPassword } from '../../web/accounts/passwords';
import { type Users, usersTable } from '../../web/accounts/users';
import { openMarket, type TestMarket } from '../helpers/market';
import { closedAfterEach } from '../helpers/opened';

const opened = closedAfterEach();

const ADA = 'ada@example.org';
const OLD_PASSWORD = 'the first long password';
const NEW_PASSWORD = 'another long enough password';

/** The market's users: ada (1), bob (2) and eve (3). */
let own: TestMarket;
let users: Users;

beforeEach(async () => {
  own = opened.closed(await openMarket(), (market) => market.close());
  users = usersTable(own.pool);
  await users.replacePassword({ id: 1, from: '-', to: await hashPassword(OLD_PASSWORD) });
  for (const id of [1, 2]) await addSession(id);
});

function run(script: string, args: string[], input = '') {
  const file = join(__dirname, `../../dist/scripts/${script}.js`);
  const env = { PATH: process.env.PATH, MYSQL_URL: own.url };
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], {
    env,
    input,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

async function addSession(userId: number): Promise<void> {
  const data = JSON.stringify({ cookie: {}, userId, passwordMark: 'a mark' });
  await own.pool.execute('INSERT INTO sessions VALUES (?, 4000000000, ?)', [`of-${userId}`, data]);
}

async function sessionIds(): Promise<string[]> {
  const [rows] = await own.pool.query<RowDataPacket[]>('SELECT session_id FROM sessions ORDER BY session_id');
  return rows.map((row) => String(row.session_id));
}

async function isPassword(password: string): Promise<boolean> {
  return verifyPassword((await users.findByEmail(ADA))?.passwordHash, password);
}

describe('npm run user:password', () => {
  test('user:password: a new password is right, the old one is not, and the sessions of that user end', async () => {
    const ended = run('user_password', ['ADA@example.org'], `${NEW_PASSWORD}\n`);

    expect(ended).toMatchObject({ status: 0, stdout: expect.stringContaining(ADA) });
    expect([await isPassword(OLD_PASSWORD), await isPassword(NEW_PASSWORD)]).toEqual([false, true]);
    expect(await sessionIds()).toEqual(['of-2']);
  });

  test.each([
    ['aaaaaaaaaa', 'password: Choose a password that is harder to guess'],
    ['ada@example.org', 'password: Choose a password that is harder to guess'],
    ['', 'password: '],
  ])('user:password: %j is too weak, nothing changes', async (password, complaint) => {
    const ended = run('user_password', ['--email', ADA], `${password}\n`);

    expect(ended).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining(complaint) });
    expect(await isPassword(OLD_PASSWORD)).toBe(true);
    expect(await sessionIds()).toEqual(['of-1', 'of-2']);
  });

  test('user:password: an email without an account is named', () => {
    const ended = run('user_password', ['nobody@example.org'], NEW_PASSWORD);
    expect(ended).toMatchObject({ status: 1, stderr: expect.stringContaining('nobody@example.org') });
  });
});

describe('npm run user:delete', () => {
  test('user:delete: a deleted account has no session and is found by nothing', async () => {
    const ended = run('user_delete', [ADA, '--yes']);

    expect(ended).toMatchObject({ status: 0, stdout: expect.stringContaining(ADA) });
    expect(await sessionIds()).toEqual(['of-2']);
    expect([await users.findByEmail(ADA), await users.findById(1)]).toEqual([undefined, undefined]);
    expect(await users.findByEmail('deleted-1')).toBeUndefined();
    expect((await users.findByIds([1, 2])).map(({ id }) => id)).toEqual([2]);
    for (const text of ['ada', 'deleted', '']) {
      const { users: found } = await users.search(text);
      expect(found.filter(({ id }) => id === 1)).toEqual([]);
    }
    expect((await users.latest()).users.map(({ id }) => id)).toEqual([3, 2]);
    expect((await users.leastActive(10)).map(({ id }) => id)).toEqual([2, 3]);
  });

  test('user:delete: nothing of the person is left in the row', async () => {
    run('user_delete', [ADA, '--yes']);
    const [rows] = await own.pool.query<RowDataPacket[]>('SELECT * FROM users WHERE id = 1');
    expect(rows).toMatchObject([{ email: 'deleted-1', first_name: '', last_name: '', role: 'deleted' }]);
    expect(await verifyPassword(String(rows[0]?.password_hash), OLD_PASSWORD)).toBe(false);
    expect(await verifyPassword(String(rows[0]?.password_hash), '')).toBe(false);
  });

  test('user:delete: when the account was made, what it called and what waits for the daemon, gone too', async () => {
    await own.sell({ sellerId: 1, title: 'Zadig' });
    await own.sell({ sellerId: 2 });
    await own.pool.query('UPDATE users SET service_call_count = 5 WHERE id = 1');
    const { stdout } = run('user_delete', [ADA, '--yes']);

    const [rows] = await own.pool.query<RowDataPacket[]>(
      "SELECT service_call_count AS calls, DATE_FORMAT(created, '%Y-%m-%d') AS created FROM users WHERE id = 1",
    );
    expect(rows).toEqual([{ calls: 0, created: '1970-01-01' }]);
    const [waiting] = await own.pool.query<RowDataPacket[]>('SELECT DISTINCT user_id FROM outbox');
    expect(waiting).toEqual([{ user_id: 2 }]);
    expect(stdout).toContain('erase what it keeps of this user');
    const [erasures] = await own.pool.query<RowDataPacket[]>('SELECT user_id FROM erasures');
    expect(erasures).toEqual([{ user_id: 1 }]);
  });

  test('user:delete: an email signs up again, as another user', async () => {
    run('user_delete', [ADA, '--yes']);
    const ada = { email: ADA, firstName: 'Ada', lastName: 'Second', role: 'student' } as const;
    const id = await users.insert({ ...ada, passwordHash: '-' });
    expect(id).toBeGreaterThan(3);
    expect(await users.findByEmail(ADA)).toMatchObject({ id, lastName: 'Second' });
  });

  test('user:delete: unsold articles go, sold ones stay with their buyers and their sellers', async () => {
    const unsold = await own.sell({ sellerId: 1, title: 'Zadig' });
    const sold = await own.sell({ sellerId: 1 });
    const bought = await own.sell({ sellerId: 2 });
    await own.market.buy({ requestId: randomUUID(), buyerId: 2, articleId: sold });
    await own.market.buy({ requestId: randomUUID(), buyerId: 1, articleId: bought });

    const { stdout } = run('user_delete', [ADA, '--yes']);

    expect(stdout).toContain('Unsold articles removed: 1.');
    expect(await own.market.find(unsold)).toBeUndefined();
    const purchases = await own.market.ofBuyer({ userId: 2 });
    expect(purchases.articles.map(({ id }) => id)).toEqual([sold]);
    const sales = await own.market.ofSeller({ userId: 2 });
    expect(sales.articles).toMatchObject([{ id: bought, buyerId: 1 }]);
    const [words] = await own.pool.query<RowDataPacket[]>('SELECT * FROM article_words');
    expect(words).toEqual([]);
  });

  test('user:delete: without a terminal and without --yes, nothing is deleted', async () => {
    const ended = run('user_delete', [ADA], 'y\n');
    expect(ended).toMatchObject({ status: 1, stderr: expect.stringContaining('add --yes') });
    expect(await users.findByEmail(ADA)).toMatchObject({ id: 1 });
  });

  test('deleteUser: a call of the services that was under way is not kept', async () => {
    const articleId = await own.sell({ sellerId: 2 });
    expect(await deleteUser(own.pool, 1)).toEqual({ articles: 0, calls: 0 });

    await expect(own.sell({ sellerId: 1 })).rejects.toMatchObject({ code: 'USER_DELETED' });
    const purchase = own.market.buy({ requestId: randomUUID(), buyerId: 1, articleId });
    await expect(purchase).rejects.toMatchObject({ code: 'USER_DELETED' });
    expect((await own.market.find(articleId))?.buyerId).toBeUndefined();
  });

  test('deleteUser: an account that is deleted already, or never was, nothing', async () => {
    await deleteUser(own.pool, 1);
    expect(await deleteUser(own.pool, 1)).toBeUndefined();
    expect(await deleteUser(own.pool, 999)).toBeUndefined();
  });
});
