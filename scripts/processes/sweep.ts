import { readdirSync, readFileSync } from 'node:fs';
import { type Identity, identityOf } from './identity';
import { endProcess } from './processes';

/**
 * Stops every process that has the variable in its environment, as all have that descend from the one that we gave
 * it to, however far they went since. Works on Linux only; elsewhere nothing is found.
 */
export async function sweep(variable: string, value: string): Promise<number> {
  const left = processes().filter(({ pid }) => environmentOf(pid).includes(`${variable}=${value}`));
  await Promise.all(left.map(endProcess));
  return left.length;
}

function processes(): Identity[] {
  try {
    const pids = readdirSync('/proc').map(Number);
    return pids.flatMap((pid) => (pid > 0 && pid !== process.pid ? (identityOf(pid) ?? []) : []));
  } catch {
    return [];
  }
}

function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    // It has ended meanwhile, or is another user's.
    return [];
  }
}
