import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { say } from '../console/terminal';
import { takeLock } from '../processes/lock';
import { stopLeftovers } from '../processes/processes';
import { type Supervisor, supervised } from '../processes/supervisor';
import { sweep } from '../processes/sweep';
import { testFolder } from '../settings/paths';
import { INTERRUPTED } from './outcome';

/** Marks, with the folder, all that descends from the tests. */
const RUN_VARIABLE = 'ETUSERVICES_TEST_RUN';

/** The environment of all that runs tests: what they leave running is found by it. */
export const RUN_MARK: Readonly<Record<string, string>> = { [RUN_VARIABLE]: testFolder };

/** Runs a command that tests on servers of its own, one such command at a time. Returns the exit code. */
export async function onOwnServers(
  command: string,
  work: (supervisor: Supervisor) => Promise<number>,
): Promise<number> {
  mkdirSync(testFolder, { recursive: true });
  takeLock(join(testFolder, 'test.lock'), command);
  await stopLeftovers(testFolder);
  await sweep(RUN_VARIABLE, testFolder);
  for (const data of ['redis', 'mysql', 'redis_container', 'mysql_container'])
    rmSync(join(testFolder, data), { recursive: true, force: true });
  const code = await supervised({ work, codeWhenStopped: INTERRUPTED });
  const left = await sweep(RUN_VARIABLE, testFolder);
  if (left > 0) say(`Stopped ${left} process${left === 1 ? '' : 'es'} that the tests had left running.`);
  return code;
}
