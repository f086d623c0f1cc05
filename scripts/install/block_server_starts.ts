import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** Debian's invoke-rc.d and systemd helpers ask this program before a package starts or stops a service. */
const POLICY = '/usr/sbin/policy-rc.d';
const SAVED = `${POLICY}.etuservices-saved`;
const MARK = 'made by etuservices while it installs packages';

/** 101: the action is forbidden. */
const FORBID = `#!/bin/sh\n# ${MARK}\nexit 101\n`;

/** Does the work while no package may start, stop or restart a service of the machine. Puts all back as it was. */
export async function withServerStartsBlocked(work: () => Promise<void>): Promise<void> {
  // An earlier run that was killed may have left its own policy behind.
  restore();
  if (existsSync(POLICY)) renameSync(POLICY, SAVED);
  writeFileSync(POLICY, FORBID, { mode: 0o755 });
  process.once('exit', restore);
  try {
    await work();
  } finally {
    process.removeListener('exit', restore);
    restore();
  }
}

function restore(): void {
  if (existsSync(POLICY) && readFileSync(POLICY, 'utf8').includes(MARK)) rmSync(POLICY);
  if (existsSync(SAVED)) renameSync(SAVED, POLICY);
}
