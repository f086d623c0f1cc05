import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** 256 bits: beyond any guessing. */
const SECRET_BYTES = 32;

/** A random secret that is the same at every run: made at the first, kept in a file that only its owner may read. */
export function keptSecret(folder: string, name: string): string {
  const known = readSecret(folder, name);
  if (known !== undefined) return known;
  const secret = randomBytes(SECRET_BYTES).toString('hex');
  writePrivately(secretFile(folder, name), `${secret}\n`);
  return secret;
}

/** The secret of an earlier run; undefined if there is none. */
export function readSecret(folder: string, name: string): string | undefined {
  try {
    return readFileSync(secretFile(folder, name), 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}

/** Writes a file that only its owner may read, even if it existed before. */
export function writePrivately(file: string, text: string): void {
  writeFileSync(file, '', { mode: 0o600 });
  chmodSync(file, 0o600);
  writeFileSync(file, text);
}

/** The path of a kept secret. */
export function secretFile(folder: string, name: string): string {
  return join(folder, `${name}.secret`);
}
