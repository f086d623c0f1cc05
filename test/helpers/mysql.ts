import { randomBytes } from 'node:crypto';
import { createConnection } from 'mysql2/promise';

export type TestDatabase = {
  /** A `mysql://` URL of an empty database of the test's own. */
  url: string;
  /** Removes the database. */
  drop: () => Promise<void>;
};

/** Makes a database with a random name on the server of TEST_MYSQL_URL, whose account may create databases. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = process.env.TEST_MYSQL_URL;
  if (!server) {
    throw new Error('TEST_MYSQL_URL is not set: `npm test` sets it, to a server of its own');
  }
  const name = `test_${randomBytes(8).toString('hex')}`;
  await run(server, `CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => run(server, `DROP DATABASE ${name}`) };
}

async function run(server: string, statement: string): Promise<void> {
  const url = new URL(server);
  // The account's own database, if the URL names one, need not exist.
  url.pathname = '/';
  const connection = await createConnection(url.href);
  try {
    await connection.query(statement);
  } finally {
    await connection.end();
  }
}
