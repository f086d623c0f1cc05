import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Running } from '../processes/processes';
import type { Supervisor } from '../processes/supervisor';
import { type Container, startContainer } from './containers';
import { DATABASE_NAME, DATABASE_USER } from './mysql_options';
import { keptSecret, writePrivately } from './secrets';

const IMAGE = 'mysql:9';

interface Wish {
  readonly folder: string;
  readonly port: number;
  readonly password: string;
  readonly mayCreateDatabases: boolean;
}

/** Starts MySQL in a container. The image makes the account at the first start, from the files written here. */
export function startMysqlContainer(supervisor: Supervisor, wish: Wish): Promise<Running> {
  const { folder, password, mayCreateDatabases } = wish;
  const { own, data, logs, settings, rights, ready } = filesIn(folder);
  // One that was cut off while it was made is never taken for a whole one.
  if (!existsSync(ready)) rmSync(own, { recursive: true, force: true });
  for (const path of [own, data, logs]) mkdirSync(path, { recursive: true, mode: 0o700 });
  const variables = {
    MYSQL_ROOT_PASSWORD: keptSecret(folder, 'mysql_root_password'),
    MYSQL_ROOT_HOST: 'localhost',
    MYSQL_DATABASE: DATABASE_NAME,
    MYSQL_USER: DATABASE_USER,
    MYSQL_PASSWORD: password,
  };
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  writePrivately(settings, lines.join(''));
  const grant = `GRANT ALL PRIVILEGES ON *.* TO '${DATABASE_USER}'@'%' WITH GRANT OPTION;\n`;
  writePrivately(rights, mayCreateDatabases ? grant : '');
  return startContainer(supervisor, mysqlContainer(wish));
}

/** Notes that all of it has been made, so that it is kept from now on. */
export function keepMysqlContainer(folder: string): void {
  writeFileSync(filesIn(folder).ready, '');
}

function mysqlContainer({ folder, port }: Wish): Container {
  const { data, logs, settings, rights } = filesIn(folder);
  return {
    name: 'mysql',
    image: IMAGE,
    folder,
    port,
    inside: { port: 3306, data: '/var/lib/mysql' },
    data,
    options: [
      `--env-file=${settings}`,
      `--volume=${rights}:/docker-entrypoint-initdb.d/rights.sql:ro,Z`,
      // Some images' servers log there, which a user that the image does not know may not.
      `--volume=${logs}:/var/log/mysql:Z`,
    ],
    command: [
      'mysqld',
      // Such a user may write there too.
      '--socket=/tmp/mysql.sock',
      '--pid-file=/tmp/mysql.pid',
      '--mysqlx=OFF',
      '--disable-log-bin',
      '--skip-name-resolve',
      '--character-set-server=utf8mb4',
      '--performance-schema=OFF',
      '--innodb-buffer-pool-size=64M',
      '--max-connections=150',
    ],
  };
}

function filesIn(folder: string) {
  const own = join(folder, 'mysql_container');
  return {
    own,
    data: join(own, 'data'),
    logs: join(own, 'logs'),
    settings: join(own, 'settings.env'),
    rights: join(own, 'rights.sql'),
    ready: join(own, 'ready'),
  };
}
