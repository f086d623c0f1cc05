import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { Refusal } from '../console/refusal';
import { DATABASE } from '../install/install';
import { findProgram } from '../install/programs';

/** The server program of the machine, and which of the two families it is of. */
export interface DatabaseProgram {
  readonly path: string;
  readonly isMariadb: boolean;
}

/** Finds the server program; undefined if there is none. `mysqld` may well be MariaDB's, so it is asked. */
export function databaseProgram(): DatabaseProgram | undefined {
  const path = findProgram(...DATABASE.programs);
  if (path === undefined) return undefined;
  const { stdout } = spawnSync(path, ['--no-defaults', '--version'], { encoding: 'utf8' });
  return { path, isMariadb: /mariadb/i.test(stdout ?? '') };
}

/** The options of every run: no option file of the machine is read, and root must be asked for by name. */
export function commonOptions(data: string): string[] {
  const user = process.getuid?.() === 0 ? ['--user=root'] : [];
  return ['--no-defaults', `--datadir=${data}`, ...user];
}

/** The command that makes a new data folder. */
export function initialisation(program: DatabaseProgram, data: string): { command: string; args: string[] } {
  if (!program.isMariadb) {
    return { command: program.path, args: [...commonOptions(data), '--initialize-insecure'] };
  }
  const command = findProgram('mariadb-install-db', 'mysql_install_db');
  if (command === undefined) {
    throw new Refusal(
      `mariadb-install-db was not found, although ${program.path} is there: it comes with the server.`,
    );
  }
  // The program may be in /opt; the script then needs its path.
  const base = join(dirname(program.path), '..');
  const basedir = base === '/usr' ? [] : [`--basedir=${base}`];
  return {
    command,
    args: [
      ...commonOptions(data),
      ...basedir,
      '--skip-test-db',
      '--auth-root-authentication-method=socket',
      '--skip-name-resolve',
    ],
  };
}
