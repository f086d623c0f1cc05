import { readFileSync } from 'node:fs';

/** proc(5): the processor time of a process is counted in these. Linux has shown user space nothing else for decades. */
const TICKS_PER_S = 100;
const US_PER_TICK = 1_000_000 / TICKS_PER_S;

/** The fields after the name, which is in brackets and may hold anything; utime and stime are the 14th and 15th of all. */
const USER_TIME = 11;
const SYSTEM_TIME = 12;

/** The processor time that a process and those it has started have used, in microseconds. */
export function cpuUsOf(pid: number): number {
  return treeOf(pid).reduce((sum, each) => sum + ownCpuUs(each), 0);
}

/** The memory that a process and those it has started hold, in bytes. */
export function memoryOf(pid: number): number {
  return treeOf(pid).reduce((sum, each) => {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${each}/status`, 'utf8'))?.[1];
    return sum + Number(kilobytes ?? 0) * 1024;
  }, 0);
}

/** A process and those it has started. */
export function treeOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  return [pid, ...children.map(Number).flatMap(treeOf)];
}

function ownCpuUs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[USER_TIME]) + Number(fields[SYSTEM_TIME])) * US_PER_TICK;
}
