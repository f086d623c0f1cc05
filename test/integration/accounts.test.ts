import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { SessionData, Store } from 'express-session';
import type { Pool, RowDataPacket } from 'mysql2/promise';
import { pino } from 'pino';
import { createSessionStore } from '../../web/accounts/sessions';
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

  test('users: an inserted user is found by email, whatever its case, with its accents', async () => {
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
  return { cookie: { originalMaxAge: 60_000, expires }, userId, passwordMark: 'a-mark' };
}

function write(store: Store, id: string, session: SessionData): Promise<void> {
  return new Promise((resolve, reject) => {
    store.set(id, session, (error) => (error ? reject(error) : resolve()));
  });
}

function read(store: Store, id: string): Promise<SessionData | null | undefined> {
  return new Promise((resolve, reject) => {
    store.get(id, (error, session) => (error ? reject(error) : resolve(session)));
  });
}
