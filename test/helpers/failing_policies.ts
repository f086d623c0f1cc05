import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StoreFailureRule } from '../../daemon/quota/policies';

const FILE = join(__dirname, '../../daemon/policies.yaml');

/** The project's own policies, each of which does this if the store fails. */
export function failingPolicies(rule: StoreFailureRule): string {
  return readFileSync(FILE, 'utf8').replaceAll(/on_store_failure: \w+/g, `on_store_failure: ${rule}`);
}
