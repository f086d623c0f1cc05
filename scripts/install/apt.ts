import { spawn, spawnSync } from 'node:child_process';
import { existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { Refusal } from '../console/refusal';
import { lastLines } from '../processes/logs';
import { environmentWith } from '../settings/config';
import { startFolder } from '../settings/paths';
import { withServerStartsBlocked } from './block_server_starts';
import { findProgram } from './programs';

const LOG = join(startFolder, 'apt.log');

/** Another apt may be at work, as on a machine that has just started. */
const LOCK_TIMEOUT_S = 180;

/** Chromium is the largest, some hundred megabytes on a slow line. */
const APT_BOUND_MS = 15 * 60_000;

/** Packages that enable a service for the next boot of the machine; nobody has asked for that. */
const WITH_SERVICE = ['redis-server', 'prometheus'];

/** Whether this is Debian, Ubuntu or a relative. */
export function hasApt(): boolean {
  return existsSync('/etc/debian_version') && findProgram('apt-get') !== undefined;
}

/** Whether we may install packages of the distribution here: as root alone. */
export function canInstall(): boolean {
  return process.getuid?.() === 0 && hasApt();
}

/** Refreshes the package lists. */
export function updateLists(): Promise<void> {
  return apt(['update']);
}

/** Whether the distribution has a package; `updateLists` comes first. */
export function hasPackage(name: string): boolean {
  const { stdout } = spawnSync('apt-cache', ['policy', name], {
    encoding: 'utf8',
    env: environmentWith({ LC_ALL: 'C' }),
  });
  return /Candidate: (?!\(none\))/.test(stdout);
}

/** Installs packages without starting, stopping or enabling any service of the machine. */
export async function installPackages(names: readonly string[]): Promise<void> {
  const added = WITH_SERVICE.filter((name) => !hasUnit(name));
  await withServerStartsBlocked(async () => {
    await apt(['install', '--yes', '--no-install-recommends', ...names]);
    for (const name of added) disableUnit(name);
  });
}

function hasUnit(name: string): boolean {
  return existsSync(`/lib/systemd/system/${name}.service`);
}

function disableUnit(name: string): void {
  if (!hasUnit(name)) return;
  // The helper works for the scripts of a package alone, and knows them by this variable.
  const env = environmentWith({ DPKG_MAINTSCRIPT_PACKAGE: name });
  spawnSync('deb-systemd-helper', ['disable', `${name}.service`], { stdio: 'ignore', env });
  spawnSync('update-rc.d', [name, 'disable'], { stdio: 'ignore' });
}

function apt(args: readonly string[]): Promise<void> {
  const log = openSync(LOG, 'a', 0o600);
  const child = spawn('apt-get', ['-q', '-o', `DPkg::Lock::Timeout=${LOCK_TIMEOUT_S}`, ...args], {
    // Ubuntu's needrestart would restart services of the machine after an installation.
    env: environmentWith({ DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_SUSPEND: '1', LC_ALL: 'C.UTF-8' }),
    stdio: ['ignore', log, log],
    timeout: APT_BOUND_MS,
    // dpkg is not to be cut off in the middle by a Ctrl-C at the terminal.
    detached: true,
  });
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Refusal(`apt-get ${args.join(' ')} ${why}.\n${lastLines(LOG)}`));
    child.once('error', (error) => fail(`could not be started: ${error.message}`));
    child.once('exit', (code) => (code === 0 ? resolve() : fail(`failed with exit code ${code}`)));
  });
}
