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
import { type Count, countChecks, sum, summaryLine } from './testing/summary';
import { startTestServers } from './testing/test_servers';

/** Marks, with the folder, all that descends from the tests. */
const RUN_VARIABLE = 'ETUSERVICES_TEST_RUN';

/** By convention: 128 and the number of SIGINT. */
const INTERRUPTED = 130;

/** Nothing was counted yet, so nothing has passed. */
let total: Count = { passed: 0, failed: 1 };

/** `npm test`: every check, then every test, on servers of its own. The last line says what came of it. */
async function test(): Promise<number> {
  mkdirSync(testFolder, { recursive: true });
  takeLock(join(testFolder, 'test.lock'), 'npm test');
  await stopLeftovers(testFolder);
  await sweep(RUN_VARIABLE, testFolder);
  for (const data of ['redis', 'mysql', 'redis_container', 'mysql_container'])
    rmSync(join(testFolder, data), { recursive: true, force: true });
  const code = await supervised({ work: checkAndTest, codeWhenStopped: INTERRUPTED });
  const left = await sweep(RUN_VARIABLE, testFolder);
  if (left > 0) say(`Stopped ${left} process${left === 1 ? '' : 'es'} that the tests had left running.`);
  // A run that was cut short has failed, whatever had passed until then.
  if (code !== 0 && total.failed === 0) total = { ...total, failed: 1 };
  return code;
}

async function checkAndTest(supervisor: Supervisor): Promise<number> {
  // The servers start while the checks run, and a failure of one does not hide the other.
  const [checks, servers] = await Promise.allSettled([runChecks(supervisor), startTestServers(supervisor)]);
  if (checks.status === 'rejected') throw checks.reason;
  total = countChecks(checks.value);
  if (servers.status === 'rejected') {
    say(`${describe(servers.reason)}\nThe tests were not run.`);
    total = sum(total, { passed: 0, failed: 1 });
    return 1;
  }
  const env = { ...servers.value, [RUN_VARIABLE]: testFolder };
  total = sum(total, await runJest(supervisor, { args: process.argv.slice(2), env }));
  return total.failed === 0 ? 0 : 1;
}

async function testAndTell(): Promise<number> {
  try {
    return await test();
  } catch (error) {
    process.stderr.write(`${describe(error)}\n`);
    return 1;
  } finally {
    say(summaryLine(total));
  }
}

void runScript(testAndTell);
