import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, runScript, say } from './console/terminal';
import { takeLock } from './processes/lock';
import { stopLeftovers } from './processes/processes';
import { type Supervisor, supervised } from './processes/supervisor';
import { sweep } from './processes/sweep';
import { testFolder } from './settings/paths';
import { runChecks } from './testing/checks';
import { runJest } from './testing/jest_run';
import { INTERRUPTED, type Outcome, runAndCount } from './testing/outcome';
import { countChecks } from './testing/summary';
import { startTestServers } from './testing/test_servers';

/** Marks, with the folder, all that descends from the tests. */
const RUN_VARIABLE = 'ETUSERVICES_TEST_RUN';

/** `npm test`: every check, then every test, on servers of its own. The last line says what came of it. */
async function test(outcome: Outcome): Promise<number> {
  mkdirSync(testFolder, { recursive: true });
  takeLock(join(testFolder, 'test.lock'), 'npm test');
  await stopLeftovers(testFolder);
  await sweep(RUN_VARIABLE, testFolder);
  for (const data of ['redis', 'mysql', 'redis_container', 'mysql_container'])
    rmSync(join(testFolder, data), { recursive: true, force: true });
  const code = await supervised({
    work: (supervisor) => checkAndTest(supervisor, outcome),
    codeWhenStopped: INTERRUPTED,
  });
  const left = await sweep(RUN_VARIABLE, testFolder);
  if (left > 0) say(`Stopped ${left} process${left === 1 ? '' : 'es'} that the tests had left running.`);
  return code;
}

async function checkAndTest(supervisor: Supervisor, outcome: Outcome): Promise<number> {
  // The servers start while the checks run, and a failure of one does not hide the other.
  const [checks, servers] = await Promise.allSettled([runChecks(supervisor), startTestServers(supervisor)]);
  if (checks.status === 'rejected') throw checks.reason;
  outcome.add(countChecks(checks.value));
  if (servers.status === 'rejected') {
    say(`${describe(servers.reason)}\nThe tests were not run.`);
    outcome.add({ passed: 0, failed: 1 });
    return 1;
  }
  const env = { ...servers.value, [RUN_VARIABLE]: testFolder };
  outcome.add(await runJest(supervisor, { args: process.argv.slice(2), env }));
  return outcome.hasPassed() ? 0 : 1;
}

void runScript(() => runAndCount(test));
