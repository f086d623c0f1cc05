import { expect, test } from '@jest/globals';
import { initStatements, serverOptions } from '../../../../scripts/servers/mysql_options';

const place = { data: '/data', port: 13_306, sockets: '/tmp/etu-abcdef', initFile: '/data.sql' };

test.each([true, false])(
  'serverOptions: MariaDB is %s, loopback alone and no option file of the machine',
  (isMariadb) => {
    const options = serverOptions({ path: '/usr/sbin/mysqld', isMariadb }, place);
    expect(options[0]).toBe('--no-defaults');
    expect(options).toContain('--bind-address=127.0.0.1');
    expect(options.includes('--mysqlx=OFF')).toBe(!isMariadb);
  },
);

test('initStatements: an account of npm start, rights on its own database alone', () => {
  const program = { path: '/usr/sbin/mariadbd', isMariadb: true };
  const sql = initStatements({ program, password: 'p', mayCreateDatabases: false });
  expect(sql).toContain("GRANT ALL PRIVILEGES ON etuservices.* TO 'etuservices'@'127.0.0.1';");
  expect(sql).not.toContain('*.*');
});

test('initStatements: MySQL, whose root has no password at first, gives it one', () => {
  const program = { path: '/usr/sbin/mysqld', isMariadb: false };
  const sql = initStatements({ program, password: 'p', mayCreateDatabases: false });
  expect(sql).toContain("ALTER USER 'root'@'localhost' IDENTIFIED BY 'p';");
});
