import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process, distinguished from a later one with the same number. */
export interface Identity {
  readonly pid: number;
  readonly born: string;
}

/** The identity of a live process; undefined if there is none. */
export function identityOf(pid: number): Identity | undefined {
  const born = process.platform === 'linux' ? bornOnLinux(pid) : bornElsewhere(pid);
  return born === undefined ? undefined : { pid, born };
}

/** Whether the very process that was once identified still runs. */
export function isAlive({ pid, born }: Identity): boolean {
  return identityOf(pid)?.born === born;
}

/** Writes an identity down; `parseIdentity` reads it. */
export function formatIdentity({ pid, born }: Identity): string {
  return `${pid} ${born}\n`;
}

/** Reads what `formatIdentity` wrote; undefined if the text is anything else. */
export function parseIdentity(text: string): Identity | undefined {
  const [, pid, born] = /^([1-9]\d*) (\S.*)\n$/.exec(text) ?? [];
  return pid === undefined || born === undefined ? undefined : { pid: Number(pid), born };
}

function bornOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // proc(5): the second field, the name, stands in brackets and may hold anything; the 22nd is the start time.
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return undefined;
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}/${fields[18]}`;
  } catch {
    return undefined;
  }
}

function bornElsewhere(pid: number): string | undefined {
  const { stdout, status } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() || undefined : undefined;
}
