import { runScript, say } from './console/terminal';
import type { Supervisor } from './processes/supervisor';
import { type Outcome, runAndCount } from './testing/outcome';
import { onOwnServers, RUN_MARK } from './testing/own_servers';
import { runOnStore, STORES, type StoreName, storeTitle } from './testing/stores';
import { startTestServers } from './testing/test_servers';

/**
 * `npm run test:stores`: the integration and chaos suites that show how the store behaves, unchanged, on a Cluster, then on a master
 * behind Sentinels. `-- cluster` or `-- sentinel` chooses one; what follows goes to jest.
 */
function testStores(outcome: Outcome): Promise<number> {
  const [first, ...rest] = process.argv.slice(2);
  const chosen = STORES.find((store) => store === first);
  const run =
    chosen === undefined ? { stores: STORES, args: process.argv.slice(2) } : { stores: [chosen], args: rest };
  return onOwnServers('npm run test:stores', (supervisor) => testOn(run, { supervisor, outcome }));
}

async function testOn(
  { stores, args }: { stores: readonly StoreName[]; args: readonly string[] },
  { supervisor, outcome }: { supervisor: Supervisor; outcome: Outcome },
): Promise<number> {
  const env = { ...(await startTestServers(supervisor)), ...RUN_MARK };
  for (const store of stores) {
    say(`The suites on ${storeTitle(store)} …`);
    outcome.add(await runOnStore(supervisor, { store, args, env }));
  }
  return outcome.hasPassed() ? 0 : 1;
}

void runScript(() => runAndCount(testStores));
