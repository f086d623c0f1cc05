import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createPool, type Pool, type RowDataPacket } from 'mysql2/promise';
import { type UserList, type Users, usersTable } from '../../web/accounts/users';
import { migrate } from '../../web/migrations';
import { createTestDatabase, type TestDatabase } from '../helpers/mysql';

const PEOPLE = [
  { firstName: 'Élodie', lastName: 'Lefèvre', email: 'elodie@example.org' },
  { firstName: 'Marie', lastName: 'de Brie', email: 'mdb@example.org' },
  { firstName: 'Marie de', lastName: 'Brienne', email: 'brienne@example.org' },
  { firstName: 'Lena', lastName: 'Marie', email: 'lena@example.org' },
  { firstName: '100%', lastName: '_ and \\', email: 'odd@example.org' },
];

/** Far more than a page of them; their names begin with "Zz". */
const CROWD_SIZE = 3_000;

let database: TestDatabase;
let pool: Pool;
let users: Users;

beforeAll(async () => {
  database = await createTestDatabase();
  // One connection, so that the server's counts of rows read are of it.
  pool = createPool({ uri: database.url, connectionLimit: 1, charset: 'utf8mb4', timezone: 'Z' });
  await migrate(pool);
  users = usersTable(pool);
  await insertCrowd();
  for (const person of PEOPLE) await users.insert({ ...person, role: 'student', passwordHash: 'h' });
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

describe('search', () => {
  test.each([
    ['lefevre', ['elodie']],
    ['ÉLO', ['elodie']],
    ['Elodie lef', ['elodie']],
    ['Lefèvre  Élodie ', ['elodie']],
    ['e\u0301lodie', ['elodie']],
    ['mdb@', ['mdb']],
    ['brie', ['brienne']],
    ['marie', ['mdb', 'brienne', 'lena']],
    ['marie de', ['mdb', 'brienne']],
    ['marie de brie', ['mdb', 'brienne']],
    ['de brie marie', ['mdb']],
    ['fèvre', []],
    ['100%', ['odd']],
    ['%', []],
    ['_', ['odd']],
    ['_ and \\', ['odd']],
    ['!', []],
    ["' OR 1=1 -- ", []],
  ])('search: %s finds %j in the order of names', async (text, expected) => {
    const { users: found, isMore } = await users.search(text);
    const sorted = expected.map((name) => `${name}@example.org`).sort();
    expect(found.map(({ email }) => email).sort()).toEqual(sorted);
    expect(isMore).toBe(false);
  });

  test('search: what is found comes in the order of names and without a password', async () => {
    const { users: found } = await users.search('Marie');
    expect(found.map(({ lastName }) => lastName)).toEqual(['Brienne', 'de Brie', 'Marie']);
    expect(found[0]).not.toHaveProperty('passwordHash');
  });

  test.each(['z', 'Zz', 'zz zz', 'zz1 zz1', 'crowd'])(
    'search: %s among a crowd, twenty at most are answered',
    async (text) => {
      const { users: found } = await users.search(text);
      expect(found.length).toBeGreaterThan(0);
      expect(found.length).toBeLessThanOrEqual(20);
    },
  );

  test('search: more than a page says so', async () => {
    expect((await users.search('Zz')).isMore).toBe(true);
  });

  test.each<[string, (all: Users) => Promise<UserList>]>([
    ['a letter of everyone', (all) => all.search('Z')],
    ['a rare name', (all) => all.search('Lefèvre')],
    ['nobody', (all) => all.search('Qq')],
    ['the latest', (all) => all.latest()],
  ])('search: %s, reads few rows of a crowd', async (_name, read) => {
    const before = await rowsRead();
    await read(users);
    expect((await rowsRead()) - before).toBeLessThan(300);
  });

  test('latest: the newest accounts are listed, the last first', async () => {
    const { users: found, isMore } = await users.latest();
    expect(found).toHaveLength(20);
    expect(found[0]?.email).toBe('odd@example.org');
    expect(found[4]?.email).toBe('elodie@example.org');
    expect(isMore).toBe(true);
  });
});

async function insertCrowd(): Promise<void> {
  const rows = Array.from({ length: CROWD_SIZE }, (_, n) => [
    `crowd${n}@example.org`,
    `Zz${n}`,
    `Zz${n}`,
    'h',
  ]);
  await pool.query('INSERT INTO users (email, first_name, last_name, password_hash) VALUES ?', [rows]);
  await pool.query('ANALYZE TABLE users');
}

/** How often the server has asked the table for a row, whichever way. */
async function rowsRead(): Promise<number> {
  const [rows] = await pool.query<RowDataPacket[]>("SHOW SESSION STATUS LIKE 'Handler\\_read%'");
  return rows.reduce((sum, { Value }) => sum + Number(Value), 0);
}
