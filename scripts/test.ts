import { describe, runScript, say } from './console/terminal';
import type { Supervisor } from './processes/supervisor';
import { runChecks } from './testing/checks';
import { runJest } from './testing/jest_run';
import { type Outcome, runAndCount } from './testing/outcome';
import { onOwnServers, RUN_MARK } from './testing/own_servers';
import { REPRESENTATIVE, runOnStore, STORES, storeTitle } from './testing/stores';
import { countChecks } from './testing/summary';
import { startTestServers } from './testing/test_servers';

/**
 * `npm test`: every check, then every test, on servers of its own, then a few suites on a Cluster and on Sentinels. The last
 * line shows the result.
 */
function test(outcome: Outcome): Promise<number> {
  return onOwnServers('npm test', (supervisor) => checkAndTest(supervisor, outcome));
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
  const env = { ...servers.value, ...RUN_MARK };
  const args = process.argv.slice(2);
  outcome.add(await runJest(supervisor, { args, env }));
  for (const store of args.length === 0 ? STORES : []) {
    say(`A few suites on ${storeTitle(store)} …`);
    outcome.add(await runOnStore(supervisor, { store, args: [REPRESENTATIVE], env }));
  }
  return outcome.hasPassed() ? 0 : 1;
}

void runScript(() => runAndCount(test));
