import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The project's folder, from any current directory, for the sources and for dist/ alike. */
export const root = folderWith('package-lock.json', __dirname);

/** The folder of `npm start` for its data, secrets, logs and process ids. */
export const startFolder = join(root, '.local');

/** The same for `npm test`, apart, so that it can run while `npm start` does. */
export const testFolder = join(startFolder, 'test');

/** The same for `npm run bench`. */
export const benchFolder = join(startFolder, 'bench');

/** The build that `npm start` runs, apart from dist/, which other commands may write meanwhile. */
export const runningFolder = join(startFolder, 'running');

function folderWith(name: string, from: string): string {
  if (existsSync(join(from, name))) return from;
  const parent = dirname(from);
  if (parent === from) throw new Error(`${name} is in no folder above ${__dirname}`);
  return folderWith(name, parent);
}
