import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Refusal } from '../console/refusal';
import { formatIdentity, identityOf, isAlive, parseIdentity } from './identity';

/**
 * Holds a lock file until released, or until this process ends. Refuses if another live process holds it; a dead
 * one's is taken over.
 */
export function takeLock(file: string, whatRuns: string): () => void {
  mkdirSync(dirname(file), { recursive: true });
  if (!tryToHold(file)) {
    const holder = liveHolder(file);
    if (holder !== undefined) {
      throw new Refusal(
        `${whatRuns} is already running in this folder, as process ${holder}. Stop it first (Ctrl-C).`,
      );
    }
    rmSync(file, { force: true });
    if (!tryToHold(file))
      throw new Refusal(`${whatRuns} has just been started in this folder by someone else.`);
  }
  const release = () => rmSync(file, { force: true });
  process.once('exit', release);
  return () => {
    process.removeListener('exit', release);
    release();
  };
}

/** The number of the live process that holds the lock file; undefined if none does. */
export function liveHolder(file: string): number | undefined {
  try {
    const holder = parseIdentity(readFileSync(file, 'utf8'));
    return holder && isAlive(holder) ? holder.pid : undefined;
  } catch {
    return undefined;
  }
}

function tryToHold(file: string): boolean {
  try {
    const self = identityOf(process.pid) ?? { pid: process.pid, born: 'unknown' };
    writeFileSync(file, formatIdentity(self), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}
