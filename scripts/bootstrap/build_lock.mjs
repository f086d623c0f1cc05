// Only one process installs or builds at a time: the others wait.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

// Longer than the slowest install and build that are likely.
const LONGEST_WAIT_MS = 15 * 60_000;
const POLL_MS = 200;

/**
 * Runs the work while holding the lock file. Waits while another process holds it; a holder that died is ignored.
 * @param {string} file
 * @param {() => Promise<void>} work
 */
export async function holdBuildLock(file, work) {
  mkdirSync(dirname(file), { recursive: true });
  const deadline = Date.now() + LONGEST_WAIT_MS;
  let told = false;
  while (!tryToHold(file)) {
    const holder = holderOf(file);
    if (holder === undefined) rmSync(file, { force: true });
    else if (Date.now() > deadline) throw new Error(`Process ${holder} has held ${file} for too long.`);
    else if (!told) console.error(`Waiting for process ${holder}, which is installing or building …`);
    told = holder !== undefined;
    await sleep(POLL_MS);
  }
  const release = () => rmSync(file, { force: true });
  process.once('exit', release);
  try {
    await work();
  } finally {
    process.removeListener('exit', release);
    release();
  }
}

function tryToHold(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

/** The live process that holds the file, if any. */
function holderOf(file) {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    // Process ids start again in a new container, so our own, or one that is not Node, is a leftover.
    if (!(pid > 0) || pid === process.pid || !looksLikeUs(pid)) return undefined;
    return pid;
  } catch {
    return undefined;
  }
}

function looksLikeUs(pid) {
  process.kill(pid, 0);
  if (process.platform !== 'linux') return true;
  const [program = '', ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  return /node[^/]*$/.test(program) && args.some((arg) => /(run|build)\.mjs$/.test(arg));
}
