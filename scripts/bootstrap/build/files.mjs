// What the steps of the build do with files.
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';

const STAMP = '.stamp';

/** The files below a folder whose names are wanted, as paths from the root. */
export function filesUnder(root, folder, wanted) {
  const path = join(root, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && wanted(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

/** Deletes the files of a folder that are not expected (paths from that folder), and the folders left empty. */
export function removeStale(folder, expected) {
  for (const file of filesUnder(folder, '.', () => true)) {
    if (!expected.has(file)) rmSync(join(folder, file));
  }
  for (const empty of foldersUnder(folder)) {
    if (readdirSync(empty).length === 0) rmSync(empty, { recursive: true });
  }
}

/** The folders below, the deepest first. */
function foldersUnder(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => [...foldersUnder(join(folder, entry.name)), join(folder, entry.name)]);
}

export function copy(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

/** Of the contents and not of the dates: a checkout changes dates, and a deleted file has none. */
export function fingerprint(root, files) {
  const hash = createHash('sha256');
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  return hash.digest('hex');
}

/** The fingerprint of what a folder was made from; undefined if that was never finished. */
export function stampOf(folder) {
  const file = join(folder, STAMP);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

export function writeStamp(folder, stamp) {
  writeFileSync(join(folder, STAMP), stamp);
}

export function removeStamp(folder) {
  rmSync(join(folder, STAMP), { force: true });
}
