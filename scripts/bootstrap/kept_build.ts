import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Refusal } from '../console/refusal';
import { waitUntil } from '../processes/wait';

/** What the steps of a build write last (see scripts/bootstrap/build/files.mjs). */
const STAMPS = [join('dist', '.stamp'), join('dist', 'web', 'assets', '.stamp')];

/** Longer than a build takes on a slow machine. */
const BUILD_BOUND_MS = 5 * 60_000;

/**
 * Copies the build of the project to a folder of its own, in which nothing changes while it runs: any other command may
 * build the project meanwhile. Waits while one does. Returns the folder of the compiled files.
 */
export async function keepBuild({ root, folder }: { root: string; folder: string }): Promise<string> {
  const isCopied = await waitUntil(() => tryToCopy(root, folder), BUILD_BOUND_MS);
  if (!isCopied) throw new Refusal('The build is not finished: run `npm run build`, and this again.');
  return join(folder, 'dist');
}

/** False if a build was, or came, in the way. */
function tryToCopy(root: string, folder: string): boolean {
  const before = stampsOf(root);
  if (before === undefined) return false;
  rmSync(folder, { recursive: true, force: true });
  try {
    cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
    // The programs read their version there.
    cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  } catch (error) {
    // A file that a build removed meanwhile.
    if (stampsOf(root) === before) throw error;
    return false;
  }
  return stampsOf(root) === before;
}

function stampsOf(root: string): string | undefined {
  const files = STAMPS.map((stamp) => join(root, stamp));
  if (!files.every((file) => existsSync(file))) return undefined;
  return files.map((file) => readFileSync(file, 'utf8')).join(' ');
}
