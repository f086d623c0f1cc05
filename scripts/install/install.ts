import { join } from 'node:path';
import { Refusal } from '../console/refusal';
import { say } from '../console/terminal';
import { liveHolder, takeLock } from '../processes/lock';
import { waitUntil } from '../processes/wait';
import { dockerProblem } from '../servers/containers';
import { startFolder } from '../settings/paths';
import { advice } from './advice';
import { canInstall, hasApt, hasPackage, installPackages, updateLists } from './apt';
import type { Need } from './need';
import { findProgram } from './programs';

export const REDIS_SERVER: Need = {
  what: 'Redis',
  programs: ['redis-server'],
  packages: [['redis-server']],
  formula: 'redis',
};

export const REDIS_CLI: Need = {
  what: 'redis-cli',
  programs: ['redis-cli'],
  packages: [['redis-tools']],
  formula: 'redis',
};

export const REDIS_BENCHMARK: Need = {
  what: 'redis-benchmark',
  programs: ['redis-benchmark'],
  packages: [['redis-tools']],
};

// The -core packages bring the programs alone, with no service of the machine.
export const DATABASE: Need = {
  what: 'MySQL or MariaDB',
  programs: ['mariadbd', 'mysqld'],
  packages: [
    ['mariadb-server-core', 'mariadb-client-core'],
    ['default-mysql-server-core', 'default-mysql-client-core'],
  ],
  formula: 'mariadb',
};

export const CHROMIUM: Need = {
  what: 'Chromium',
  programs: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  packages: [['chromium', 'fonts-dejavu-core']],
  variable: 'CHROMIUM_PATH',
};

export const PROMETHEUS: Need = {
  what: 'Prometheus',
  programs: ['prometheus'],
  packages: [['prometheus']],
  formula: 'prometheus',
};

export const HAPROXY: Need = {
  what: 'HAProxy',
  programs: ['haproxy'],
  packages: [['haproxy']],
  formula: 'haproxy',
};

const LOCK = join(startFolder, 'install.lock');

/** Longer than the largest installation. */
const TURN_BOUND_MS = 16 * 60_000;

/** Installs from the distribution's packages what is not on the machine, or refuses with what a person can do. */
export async function ensurePrograms(needs: readonly Need[]): Promise<void> {
  if (missing(needs).length === 0) return;
  if (!canInstall()) throw new Refusal(adviceFor(missing(needs)));
  // `npm start` and `npm test` may be started together on a new machine.
  await waitUntil(() => liveHolder(LOCK) === undefined, TURN_BOUND_MS);
  const release = takeLock(LOCK, 'An installation');
  try {
    await install(missing(needs));
  } finally {
    release();
  }
}

/** The same for what can be done without: if it is missing and cannot be installed, the reason is shown, and that is all. */
export async function installIfPossible(needs: readonly Need[]): Promise<void> {
  try {
    if (canInstall()) await ensurePrograms(needs);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    say(error.message);
  }
}

/**
 * The same for servers, which may also run in containers: if they are missing, and cannot be installed. With programs,
 * which cannot, so that one refusal says all.
 */
export async function ensureServers(servers: readonly Need[], programs: readonly Need[] = []): Promise<void> {
  if (canInstall()) return ensurePrograms([...programs, ...servers]);
  const wanted = missing(servers);
  const problem = wanted.length === 0 ? undefined : dockerProblem();
  const lacking = [...missing(programs), ...(problem === undefined ? [] : wanted)];
  if (lacking.length > 0) throw new Refusal(adviceFor(lacking, problem));
  if (wanted.length > 0)
    say(`Not installed, so in containers: ${wanted.map(({ what }) => what).join(', ')}.`);
}

/** The path of a program that `ensurePrograms` has seen to. */
export function programFor(need: Need): string {
  const path = findProgram(...need.programs);
  if (path === undefined) throw new Refusal(adviceFor([need]));
  return path;
}

function missing(needs: readonly Need[]): Need[] {
  return needs.filter(({ programs }) => findProgram(...programs) === undefined);
}

async function install(needs: readonly Need[]): Promise<void> {
  if (needs.length === 0) return;
  say("Reading the lists of the distribution's packages (apt-get update) …");
  await updateLists();
  for (const need of needs) {
    const packages = need.packages.find((names) => names.every(hasPackage));
    if (packages === undefined) throw new Refusal(adviceFor([need]));
    say(`Installing ${need.what} from the distribution's packages (apt-get install ${packages.join(' ')}) …`);
    await installPackages(packages);
    programFor(need);
  }
}

/** What a person can do if we cannot install. */
function adviceFor(needs: readonly Need[], docker?: string): string {
  return advice({ needs, docker, system: { platform: process.platform, hasApt: hasApt() } });
}
