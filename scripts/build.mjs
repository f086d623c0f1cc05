// Builds the project: proto/ → gen/ → dist/. Does nothing if nothing that it reads has changed.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepare } from './bootstrap/prepare.mjs';

try {
  await prepare(dirname(dirname(fileURLToPath(import.meta.url))));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
