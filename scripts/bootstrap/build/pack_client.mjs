// client/, with what it needs of gen/ and proto/ → client/lib/. `npm pack` runs it in client/.
import { rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { copy, filesUnder } from './files.mjs';
import { generate } from './generate.mjs';
import { runTool } from './tools.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const lib = join(root, 'client', 'lib');
const PROTO = join('proto', 'quota');

await generate(root);
rmSync(lib, { recursive: true, force: true });
await runTool(root, 'tsc', ['-p', join('client', 'tsconfig.json')]);
// For programs that load the contract as they run.
for (const file of filesUnder(root, PROTO, (name) => name.endsWith('.proto')))
  copy(join(root, file), join(lib, file));
