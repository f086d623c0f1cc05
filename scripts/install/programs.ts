import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import { config } from '../settings/config';

/** Servers are often installed in folders outside an ordinary user's PATH. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin', '/opt/homebrew/bin'];

/** The path of the first of these programs that is on the machine; undefined if none is. */
export function findProgram(...names: string[]): string | undefined {
  const folders = [...config.programFolders, ...SYSTEM_FOLDERS];
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
