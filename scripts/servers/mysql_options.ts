import { join } from 'node:path';
import { commonOptions, type DatabaseProgram } from './mysql_programs';

export interface ServerPlace {
  readonly data: string;
  readonly port: number;
  /** A short path: a socket's has 108 characters at most. */
  readonly sockets: string;
  readonly initFile: string;
}

/** The options of a small private server: loopback alone, no binary log, no X plugin. */
export function serverOptions(
  program: DatabaseProgram,
  { data, port, sockets, initFile }: ServerPlace,
): string[] {
  const own = program.isMariadb
    ? ['--aria-pagecache-buffer-size=8M']
    : ['--mysqlx=OFF', '--disable-log-bin', '--secure-file-priv=NULL'];
  return [
    ...commonOptions(data),
    '--bind-address=127.0.0.1',
    `--port=${port}`,
    `--socket=${join(sockets, 'mysql.sock')}`,
    `--pid-file=${join(sockets, 'mysql.pid')}`,
    `--init-file=${initFile}`,
    '--skip-name-resolve',
    '--character-set-server=utf8mb4',
    '--performance-schema=OFF',
    '--innodb-buffer-pool-size=64M',
    '--max-connections=150',
    ...own,
  ];
}

/**
 * The statements that the server runs, as root, whenever it starts: one account for the loopback address, and root
 * with no way in over TCP.
 */
export function initStatements({
  program,
  password,
  mayCreateDatabases,
}: {
  program: DatabaseProgram;
  password: string;
  mayCreateDatabases: boolean;
}): string {
  const account = `'${DATABASE_USER}'@'127.0.0.1'`;
  // MariaDB's root is let in by the socket and the system's user alone; MySQL's has an empty password at first.
  const lockRoot = program.isMariadb ? [] : [`ALTER USER 'root'@'localhost' IDENTIFIED BY '${password}';`];
  return [
    `CREATE DATABASE IF NOT EXISTS ${DATABASE_NAME} CHARACTER SET utf8mb4;`,
    `CREATE USER IF NOT EXISTS ${account} IDENTIFIED BY '${password}';`,
    `ALTER USER ${account} IDENTIFIED BY '${password}';`,
    mayCreateDatabases
      ? `GRANT ALL PRIVILEGES ON *.* TO ${account} WITH GRANT OPTION;`
      : `GRANT ALL PRIVILEGES ON ${DATABASE_NAME}.* TO ${account};`,
    ...lockRoot,
    '',
  ].join('\n');
}

export const DATABASE_USER = 'etuservices';
export const DATABASE_NAME = 'etuservices';
