import { describe, expect, test } from '@jest/globals';
import { compose, engine, inside, secret, setting } from './docker';

/** What redis-cli answers to a command of the daemon's own user. */
async function asDaemon(...command: string[]): Promise<string> {
  const run = 'REDISCLI_AUTH=$0 redis-cli --no-auth-warning --user quota "$@"';
  return (await inside('redis', 'sh', '-c', run, secret('redis_quota_password'), ...command)).text.trim();
}

/** What MySQL answers to a statement of an account, by TCP. */
async function asAccount(account: string, statement: string, ...options: string[]): Promise<string> {
  const password = account === 'etuservices_site' ? 'mysql_site_password' : 'mysql_password';
  const run = 'MYSQL_PWD=$0 mysql -h 127.0.0.1 -u "$1" -N -e "$2" $3 etuservices';
  const call = ['sh', '-c', run, secret(password), account, statement, options.join(' ')];
  return (await inside('mysql', ...call)).text.trim();
}

describe("the daemon's user of Redis", () => {
  test.each([
    ['FLUSHALL'],
    ['KEYS', '*'],
    ['CONFIG', 'SET', 'maxmemory', '1'],
    ['ACL', 'LIST'],
    ['SAVE'],
    ['SHUTDOWN'],
    ['REPLICAOF', 'NO', 'ONE'],
    ['CLIENT', 'KILL', 'ID', '1'],
    ['MONITOR'],
    ['FUNCTION', 'FLUSH'],
    ['SCRIPT', 'FLUSH'],
  ])('%s may not run %s', async (...command) => {
    expect(await asDaemon(...command)).toContain('NOPERM');
  });

  test('a key that no daemon builds is denied, also to a script', async () => {
    expect(await asDaemon('SET', 'else', '1')).toContain('NOPERM');
    expect(await asDaemon('EVAL', "return redis.call('GET', KEYS[1])", '1', 'else')).toMatch(/NOPERM|ACL/);
  });

  test('what scripts and functions need is allowed', async () => {
    const library = "#!lua name=probe\nredis.register_function('probe', function(keys) return 1 end)";

    expect(await asDaemon('EVAL', "return redis.call('TIME')[1]", '0')).toMatch(/^\d+$/);
    expect(await asDaemon('FUNCTION', 'LOAD', 'REPLACE', library)).toBe('probe');
    expect(await asDaemon('FCALL', 'probe', '1', 'taken:{0}:connection:1')).toBe('1');
    expect(await asDaemon('FUNCTION', 'DELETE', 'probe')).toBe('OK');
    expect(await asDaemon('INFO', 'server')).toContain('redis_version');
    expect(await asDaemon('CONFIG', 'GET', 'appendfsync')).toContain('appendfsync');
  });
});

describe("the site's account of MySQL", () => {
  test.each([
    'CREATE TABLE mine (id INT)',
    'ALTER TABLE users ADD mine INT',
    'DROP TABLE outbox',
    'TRUNCATE TABLE outbox',
    'CREATE INDEX mine ON users (role)',
    'SELECT user FROM mysql.user',
  ])('%s is denied', async (statement) => {
    expect(await asAccount('etuservices_site', statement)).toContain('command denied');
  });

  test('rows are read and written', async () => {
    const statement = 'DELETE FROM outbox WHERE id = -1; SELECT COUNT(*) >= 0 FROM users';

    expect(await asAccount('etuservices_site', statement)).toBe('1');
  });

  test('neither it nor the account that migrates can connect without TLS', async () => {
    for (const account of ['etuservices', 'etuservices_site'])
      expect(await asAccount(account, 'SELECT 1', '--ssl-mode=DISABLED', '--get-server-public-key')).toMatch(
        /ERROR \d+/,
      );
  });

  test('the web tier connects as it, by TLS', async () => {
    const statement = `SELECT DISTINCT p.user, t.variable_value <> '' FROM performance_schema.processlist p
      JOIN performance_schema.threads h ON h.processlist_id = p.id
      JOIN performance_schema.status_by_thread t ON t.thread_id = h.thread_id
      WHERE t.variable_name = 'Ssl_cipher' AND p.user LIKE 'etuservices%'`;
    const run = 'MYSQL_PWD=$(cat /run/secrets/mysql_root_password) mysql -u root -N -e "$0"';
    const { text } = await inside('mysql', 'sh', '-c', run, statement);

    expect(text.trim().split('\n')).toContain('etuservices_site\t1');
  });
});

describe('the networks', () => {
  test('the networks of Redis and of MySQL have no way out, and are not the same', async () => {
    const { services, networks } = JSON.parse(
      await compose('-f', 'docker-compose.yml', 'config', '--format', 'json'),
    ) as {
      services: Record<string, { networks: Record<string, unknown> }>;
      networks: Record<string, { internal?: boolean }>;
    };
    const of = (service: string) => Object.keys(services[service]?.networks ?? {});

    expect([of('redis'), of('mysql'), of('migrate')]).toEqual([['store'], ['database'], ['database']]);
    expect(networks).toMatchObject({ store: { internal: true }, database: { internal: true } });
    for (const name of ['store', 'database']) {
      const inspected = await engine('network', 'inspect', `${setting('COMPOSE_PROJECT_NAME')}_${name}`);
      expect((JSON.parse(inspected) as { Internal: boolean }[])[0]?.Internal).toBe(true);
    }
  });

  test('MySQL is unreachable from the daemon', async () => {
    const ask = `require('node:dns').lookup('mysql', (error) => console.log(error ? error.code : 'found'))`;

    expect((await inside('daemon', 'node', '-e', ask)).text).toMatch(/ENOTFOUND|EAI_AGAIN/);
  });
});
