import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** package.json is in a folder above the sources, and above the compiled files. */
const CANDIDATES = ['../../package.json', '../../../package.json'];

/** The running build. */
export const BUILD: { readonly version: string } = readBuild();

function readBuild(): { version: string } {
  const file = CANDIDATES.map((path) => join(__dirname, path)).find((path) => existsSync(path));
  // An image may leave the file out; the daemon still runs.
  if (file === undefined) return { version: 'unknown' };
  const { version = 'unknown' } = JSON.parse(readFileSync(file, 'utf8')) as { version?: string };
  return { version };
}
