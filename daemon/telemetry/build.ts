import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The project's own file stands above the sources, and above the folder of the compiled ones. */
const CANDIDATES = ['../../package.json', '../../../package.json'];

/** What is running. */
export const BUILD: { readonly version: string } = readBuild();

function readBuild(): { version: string } {
  const file = CANDIDATES.map((path) => join(__dirname, path)).find((path) => existsSync(path));
  // An image may leave the file out; that is no reason not to run.
  if (file === undefined) return { version: 'unknown' };
  const { version = 'unknown' } = JSON.parse(readFileSync(file, 'utf8')) as { version?: string };
  return { version };
}
