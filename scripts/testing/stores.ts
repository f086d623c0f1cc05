import { join } from 'node:path';
import type { Supervisor } from '../processes/supervisor';
import { root } from '../settings/paths';
import { type JestResult, type JestRun, runJest } from './jest_run';

/** What else than one server the integration and chaos suites run on: a configuration of jest for each. */
const TITLES = { cluster: 'a Cluster', sentinel: 'a master behind Sentinels' };

export type StoreName = keyof typeof TITLES;

export const STORES = Object.keys(TITLES) as readonly StoreName[];

export const storeTitle = (store: StoreName): string => TITLES[store];

/** Suites that between them decide, join, repeat, record, fold and read on every store. */
export const REPRESENTATIVE = '/(several_daemons|joined_admissions|recorded_calls|connections)\\.';

/** Runs the suites of a store that match the arguments; jest itself starts and ends the store's servers. */
export function runOnStore(
  supervisor: Supervisor,
  { store, args, env }: JestRun & { readonly store: StoreName },
): Promise<JestResult> {
  const config = join(root, `jest.${store}.config.js`);
  return runJest(supervisor, { args: ['--config', config, ...args], env });
}
