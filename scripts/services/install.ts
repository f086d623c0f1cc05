import { join } from 'node:path';
import { canInstall, hasPackage, installPackages, updateLists } from './apt';
import { liveHolder, takeLock } from './lock';
import { startFolder } from './places';
import { findProgram } from './programs';
import { Refusal } from './refusal';
import { say } from './terminal';
import { waitUntil } from './wait';

/** A program that is needed, under any of its names, and where Debian and Ubuntu have it. */
export interface Need {
  readonly what: string;
  readonly programs: readonly string[];
  /** Sets of packages; the first whose packages all exist is taken. */
  readonly packages: readonly (readonly string[])[];
}

export const REDIS_SERVER: Need = {
  what: 'Redis',
  programs: ['redis-server'],
  packages: [['redis-server']],
};

export const REDIS_CLI: Need = { what: 'redis-cli', programs: ['redis-cli'], packages: [['redis-tools']] };

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
};

export const CHROMIUM: Need = {
  what: 'Chromium',
  programs: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  packages: [['chromium', 'fonts-dejavu-core']],
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

/** What a person can do where we cannot install. */
export function adviceFor(needs: readonly Need[]): string {
  const names = needs.map(({ what, programs }) => `${what} (${programs.join(' or ')})`).join(', ');
  const packages = needs.flatMap((need) => need.packages[0] ?? []).join(' ');
  const lines = [
    `Not found on this machine: ${names}.`,
    `  On Debian or Ubuntu: sudo apt-get install --no-install-recommends ${packages}`,
  ];
  if (needs.includes(CHROMIUM)) {
    lines.push('  Elsewhere: install Chromium or Chrome, and set CHROMIUM_PATH to its program.');
  }
  if (needs.some((need) => need !== CHROMIUM)) {
    lines.push(
      '  On macOS: brew install redis mariadb',
      '  Or set REDIS_URL and MYSQL_URL to servers of your own.',
      '  The other way, which needs Docker alone: docker compose up',
    );
  }
  return lines.join('\n');
}
