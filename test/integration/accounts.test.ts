import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { SessionData, Store } from 'express-session';
import type { Pool, RowDataPacket } from 'mysql2/promise';
import { pino } from 'pino';
import { createSessionStore } from '../../web/accounts/sessions';
import { sessionsTable } from '../../web/accounts/sessions_table';
import { EmailTaken, type UserToInsert, usersTable } from '../../web/accounts/users';
import { connect } from '../../web/database';
import { migrate } from '../../web/migrations';
import { createTestDatabase, type TestDatabase } from '../helpers/mysql';

const MIGRATIONS = readdirSync(join(__dirname, '../../web/migrations')).sort();
const logger = pino({ level: 'silent' });

describe('migrations', () => {
  test('migrations: run twice, the second run applies nothing', async () => {
    await withDatabase(async (pool) => {
      expect(await migrate(pool)).toEqual(MIGRATIONS);
      expect(await migrate(pool)).toEqual([]);
    });
  });

  test('migrations: four instances start together on an empty database, each migration is applied once', async () => {
    const database = await createTestDatabase();
    const pools = Array.from({ length: 4 }, () => connect(database.url));
    try {
      const applied = await Promise.all(pools.map(migrate));
      expect(applied.flat().sort()).toEqual(MIGRATIONS);
      expect(await usersTable(pools[0] as Pool).count()).toBe(0);
    } finally {
      await Promise.all(pools.map((pool) => pool.end()));
      await database.drop();
    }
  });

  test('migrations: an account that may not change tables, admitted once nothing is left to apply', async () => {
    const database = await createTestDatabase();
    const owner = connect(database.url);
    const url = new URL(database.url);
    const name = url.pathname.slice(1);
    Object.assign(url, { username: name, password: name });
    const site = connect(url.href);
    try {
      await owner.query(`CREATE USER ${name}@'%' IDENTIFIED BY '${name}'`);
      await owner.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${name}.* TO ${name}@'%'`);
      await expect(migrate(site)).rejects.toMatchObject({ code: 'ER_TABLEACCESS_DENIED_ERROR' });
      await migrate(owner);
      expect(await migrate(site)).toEqual([]);
    } finally {
      await site.end();
      await owner.query(`DROP USER ${name}@'%'`);
      await owner.end();
      await database.drop();
    }
  });

  test('migrations: the lock is free again afterwards', async () => {
    await withDatabase(async (pool) => {
      await migrate(pool);
      const [rows] = await pool.query<RowDataPacket[]>(
        'SELECT IS_FREE_LOCK(SHA2(DATABASE(), 256)) AS isFree',
      );
      expect(rows).toEqual([{ isFree: 1 }]);
    });
  });
});

describe('accounts', () => {
  let database: TestDatabase;
  let pool: Pool;

  beforeAll(async () => {
    database = await createTestDatabase();
    pool = connect(database.url);
    await migrate(pool);
  });

  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  test('users: an inserted user is found by email in any case, with its accents', async () => {
    const users = usersTable(pool);
    const before = Date.now();
    const id = await users.insert(
      newUser({ email: 'Zoe@example.org', firstName: 'Zoë', lastName: 'Çelik 🎓' }),
    );

    const found = await users.findByEmail('zOE@EXAMPLE.org');

    expect(found).toMatchObject({ id, email: 'Zoe@example.org', firstName: 'Zoë', lastName: 'Çelik 🎓' });
    expect(found).toMatchObject({ role: 'student', passwordHash: 'a-hash' });
    // A time of another zone would be off by a quarter of an hour at least; a busy machine takes a while.
    expect(Math.abs(Number(found?.created) - before)).toBeLessThan(10 * 60_000);
  });

  test('users: an email that differs in case only is taken', async () => {
    const users = usersTable(pool);
    await users.insert(newUser({ email: 'twice@example.org' }));
    await expect(users.insert(newUser({ email: 'TWICE@example.org' }))).rejects.toThrow(EmailTaken);
  });

  test('users: names that differ in accents only are two users', async () => {
    const users = usersTable(pool);
    await users.insert(newUser({ email: 'rene1@example.org', firstName: 'René' }));
    await users.insert(newUser({ email: 'rene2@example.org', firstName: 'Rene' }));
    expect((await users.findByEmail('rene1@example.org'))?.firstName).toBe('René');
    expect((await users.findByEmail('rene2@example.org'))?.firstName).toBe('Rene');
  });

  test('users: an unknown email is found nowhere', async () => {
    expect(await usersTable(pool).findByEmail('nobody@example.org')).toBeUndefined();
  });

  test('users: an email that looks like SQL is only an email', async () => {
    expect(await usersTable(pool).findByEmail("' OR '1'='1")).toBeUndefined();
  });

  test('users: by ids, only those that exist are found, and without their password', async () => {
    const users = usersTable(pool);
    const id = await users.insert(newUser({ email: 'byid@example.org' }));
    const found = await users.findByIds([id, 999_999]);
    expect(found.map((user) => user.id)).toEqual([id]);
    expect(found[0]).not.toHaveProperty('passwordHash');
    expect(await users.findByIds([])).toEqual([]);
  });

  test('users: by id, with the password; an unknown id is nobody', async () => {
    const users = usersTable(pool);
    const id = await users.insert(newUser({ email: 'one@example.org', passwordHash: 'h' }));
    expect(await users.findById(id)).toMatchObject({ id, email: 'one@example.org', passwordHash: 'h' });
    expect(await users.findById(999_999)).toBeUndefined();
  });

  test('users: a password is replaced for that user alone', async () => {
    const users = usersTable(pool);
    const id = await users.insert(newUser({ email: 'change@example.org', passwordHash: 'old' }));
    const other = await users.insert(newUser({ email: 'stay@example.org', passwordHash: 'old' }));
    expect(await users.replacePassword({ id, from: 'old', to: 'new' })).toBe(true);
    expect((await users.findById(id))?.passwordHash).toBe('new');
    expect((await users.findById(other))?.passwordHash).toBe('old');
  });

  test('users: two change one password at once, exactly one does', async () => {
    const users = usersTable(pool);
    const id = await users.insert(newUser({ email: 'race@example.org', passwordHash: 'old' }));
    const changes = ['a', 'b'].map((to) => users.replacePassword({ id, from: 'old', to }));
    const outcomes = await Promise.all(changes);
    expect(outcomes.filter(Boolean)).toHaveLength(1);
    expect((await users.findById(id))?.passwordHash).toBe(outcomes[0] ? 'a' : 'b');
  });

  test('sessions: a session outlives the store that wrote it', async () => {
    const first = createSessionStore({ pool, logger });
    await write(first.store, 'one', sessionOf(7));
    first.close();

    const otherPool = connect(database.url);
    const second = createSessionStore({ pool: otherPool, logger });
    expect(await read(second.store, 'one')).toMatchObject({ userId: 7 });
    second.close();
    await otherPool.end();
  });

  test('sessions: a session that has ended is gone, and the clean-up removes its row alone', async () => {
    const table = sessionsTable(pool);
    await table.write('ended', {
      ...sessionOf(9),
      cookie: { originalMaxAge: 1, expires: new Date(Date.now() - 1000) },
    });
    await table.write('goes-on', sessionOf(9));
    expect(await table.read('ended')).toBeUndefined();
    expect(await table.removeEnded()).toBe(1);
    expect(await table.read('goes-on')).toMatchObject({ session: { userId: 9 } });
  });

  test('sessions: a session that is extended goes on past its first end; what it holds stays', async () => {
    const table = sessionsTable(pool);
    await table.write('extended', {
      ...sessionOf(9),
      cookie: { originalMaxAge: 1, expires: new Date(Date.now() - 1000) },
    });
    await table.extend('extended', new Date(Date.now() + 60_000));
    expect(await table.read('extended')).toMatchObject({ session: { userId: 9, passwordMark: 'a-mark' } });
  });

  test('sessions: a session that is written again is replaced', async () => {
    const table = sessionsTable(pool);
    await table.write('again', sessionOf(9));
    await table.write('again', sessionOf(10));
    expect(await table.read('again')).toMatchObject({ session: { userId: 10 } });
  });

  test('sessions: a session is read with its account as it is now, and without one once that is deleted', async () => {
    const users = usersTable(pool);
    const table = sessionsTable(pool);
    const id = await users.insert(newUser({ email: 'session@example.org', passwordHash: 'first' }));
    await table.write('of-an-account', sessionOf(id));
    expect(await table.read('of-an-account')).toMatchObject({
      session: { userId: id, passwordMark: 'a-mark' },
      user: { id, email: 'session@example.org', role: 'student', unseenSales: 0, passwordHash: 'first' },
    });
    await users.replacePassword({ id, from: 'first', to: 'second' });
    expect((await table.read('of-an-account'))?.user?.passwordHash).toBe('second');
    await users.delete(id);
    // The deletion removes sessions too; one that a login writes at the same time may come after it.
    await table.write('of-an-account', sessionOf(id));
    expect(await table.read('of-an-account')).toMatchObject({ session: { userId: id }, user: undefined });
  });

  test('sessions: a session is read with the end that its row has', async () => {
    const table = sessionsTable(pool);
    await table.write('with-an-end', sessionOf(9));
    const end = new Date('2099-01-01T00:00:00Z');
    await table.extend('with-an-end', end);
    expect((await table.read('with-an-end'))?.session.cookie.expires).toEqual(end);
  });

  test('sessions: a page that moves the end by less than a minute leaves the row as it is, and more moves it', async () => {
    const { store, close } = createSessionStore({ pool, logger });
    const table = sessionsTable(pool);
    await table.write('touched', sessionOf(9));
    const first = (await table.read('touched'))?.session.cookie.expires;
    await touch(store, 'touched', 59_000);
    expect((await table.read('touched'))?.session.cookie.expires).toEqual(first);
    await touch(store, 'touched', 61_000);
    expect((await table.read('touched'))?.session.cookie.expires).toEqual(new Date(Number(first) + 61_000));
    close();
  });

  test('sessions: an unreachable database is an error to the caller and does not end the process', async () => {
    const otherPool = connect(database.url);
    await otherPool.end();
    const { store, close } = createSessionStore({ pool: otherPool, logger });
    await expect(read(store, 'any')).rejects.toThrow();
    await expect(write(store, 'any', sessionOf(9))).rejects.toThrow();
    close();
  });

  test('sessions: a destroyed session is gone for every store', async () => {
    const { store, close } = createSessionStore({ pool, logger });
    await write(store, 'two', sessionOf(8));
    await new Promise((resolve) => store.destroy('two', resolve));
    close();

    const other = createSessionStore({ pool, logger });
    expect(await read(other.store, 'two')).toBeFalsy();
    other.close();
  });
});

async function withDatabase(use: (pool: Pool) => Promise<void>): Promise<void> {
  const database = await createTestDatabase();
  const pool = connect(database.url);
  try {
    await use(pool);
  } finally {
    await pool.end();
    await database.drop();
  }
}

function newUser(values: Partial<UserToInsert> & { email: string }): UserToInsert {
  return { firstName: 'Ada', lastName: 'Lovelace', role: 'student', passwordHash: 'a-hash', ...values };
}

function sessionOf(userId: number): SessionData {
  const expires = new Date(Date.now() + 60_000);
  return { cookie: { originalMaxAge: 60_000, expires }, userId, passwordMark: 'a-mark', started: 0 };
}

function write(store: Store, id: string, session: SessionData): Promise<void> {
  return new Promise((resolve, reject) => {
    store.set(id, session, (error) => (error ? reject(error) : resolve()));
  });
}

/** What express-session does at the end of a request, which has moved the session's end by so much. */
function touch(store: Store, id: string, movedMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    store.load(id, (error, session) => {
      if (error || session === undefined) return reject(error ?? new Error(`no session ${id}`));
      session.cookie.expires = new Date(Number(session.cookie.expires) + movedMs);
      store.touch?.(id, session, resolve);
    });
  });
}

function read(store: Store, id: string): Promise<SessionData | null | undefined> {
  return new Promise((resolve, reject) => {
    store.get(id, (error, session) => (error ? reject(error) : resolve(session)));
  });
}
