import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runChecks } from './checks';
import { runJest } from './jest_run';
import { takeLock } from './services/lock';
import { testFolder } from './services/places';
import { stopLeftovers } from './services/processes';
import { type Supervisor, supervised } from './services/supervisor';
import { sweep } from './services/sweep';
import { describe, runScript, say } from './services/terminal';
import { type Count, countChecks, sum, summaryLine } from './summary';
import { startTestServices } from './test_services';

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
  const [checks, services] = await Promise.allSettled([runChecks(supervisor), startTestServices(supervisor)]);
  if (checks.status === 'rejected') throw checks.reason;
  total = countChecks(checks.value);
  if (services.status === 'rejected') {
    say(`${describe(services.reason)}\nThe tests were not run.`);
    total = sum(total, { passed: 0, failed: 1 });
    return 1;
  }
  const env = { ...services.value, [RUN_VARIABLE]: testFolder };
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
