import type { Need } from './need';

/** What a person has before them. */
export interface System {
  readonly platform: NodeJS.Platform;
  readonly hasApt: boolean;
}

interface Lack {
  readonly needs: readonly Need[];
  /** Why containers cannot be used instead; undefined if they would not help. */
  readonly docker: string | undefined;
  readonly system: System;
}

/** What a person can do if something is missing that we may not install: the one command, if there is one. */
export function advice({ needs, docker, system }: Lack): string {
  const names = needs.map(({ what, programs }) => `${what} (${programs.join(' or ')})`).join(', ');
  const command = installCommand(needs, system);
  return [
    `Not found on this machine: ${names}.${docker === undefined ? '' : ` ${docker}.`}`,
    command === undefined
      ? "Install them with your system's package manager, and run this again."
      : `Run this, and then the same again:\n\n  ${command}\n`,
    ...needs.flatMap(({ what, variable }) =>
      variable ? [`Or set ${variable} to the program of ${what}.`] : [],
    ),
    ...(docker === undefined
      ? []
      : ['Or start a Docker engine, or set REDIS_URL and MYSQL_URL to servers of your own.']),
  ].join('\n');
}

function installCommand(needs: readonly Need[], { platform, hasApt }: System): string | undefined {
  if (hasApt) {
    const packages = needs.flatMap((need) => need.packages[0] ?? []);
    return `sudo apt-get install --no-install-recommends ${packages.join(' ')}`;
  }
  const formulas = needs.flatMap(({ formula }) => formula ?? []);
  if (platform === 'darwin' && formulas.length > 0) return `brew install ${[...new Set(formulas)].join(' ')}`;
  return undefined;
}
