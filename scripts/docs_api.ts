import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runScript, say } from './console/terminal';
import { apiReference } from './docs/api_reference';
import { root } from './settings/paths';

/** `npm run docs:api`: writes docs/api.md anew from the proto files. */
async function writeApiReference(): Promise<number> {
  const file = join('docs', 'api.md');
  writeFileSync(join(root, file), apiReference(join(root, 'proto')));
  say(`Wrote ${file}.`);
  return 0;
}

void runScript(writeApiReference);
