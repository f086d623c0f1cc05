import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Refusal } from '../console/refusal';
import { say } from '../console/terminal';
import { formatIdentity, type Identity, identityOf, isAlive, parseIdentity } from './identity';
import { lastLines, turnOver } from './logs';
import { waitUntil } from './wait';

/** After SIGTERM, this long until SIGKILL: more than any of ours needs to finish what it does. */
const STOP_BOUND_MS = 20_000;

/** After SIGKILL, only the kernel's own work is left. */
const KILL_BOUND_MS = 5_000;

/** How a process ended that has done what it was asked. */
export const SUCCESS = 'ended with exit code 0';

export interface Launch {
  /** Names the log and the process id file in the folder. */
  readonly name: string;
  readonly folder: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  /** The destination of its output: its log, unless it is for the terminal. */
  readonly output?: 'log' | 'terminal';
}

/** A process that we started. */
export interface Running {
  readonly name: string;
  /** Unset if it could not be started. */
  readonly pid: number | undefined;
  readonly log: string;
  /** How it ended; waits until it does. */
  readonly ended: Promise<string>;
  /** How it ended; undefined while it runs. */
  end(): string | undefined;
  /** Ends it in good order; by force after a bound. Does nothing if it has ended. */
  stop(): Promise<void>;
}

/**
 * Starts a program in a session of its own, so that a Ctrl-C at the terminal does not reach it before we stop it in
 * order. Its process id is kept in the folder: should we be killed, the next run finds it there and stops it.
 */
export function launch({ name, folder, command, args, cwd, env, output = 'log' }: Launch): Running {
  const log = join(folder, `${name}.log`);
  const pidFile = join(folder, `${name}.pid`);
  turnOver(log);
  const logged = openSync(log, 'a', 0o600);
  const target = output === 'log' ? logged : 'inherit';
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', target, target] });
  closeSync(logged);
  const identity = child.pid === undefined ? undefined : identityOf(child.pid);
  if (identity) writeFileSync(pidFile, formatIdentity(identity));

  let end: string | undefined;
  const ended = endOf(child).then((how) => {
    end = how;
    rmSync(pidFile, { force: true });
    return how;
  });
  const stop = async () => {
    if (end === undefined && identity) await endProcess(identity);
    await ended;
  };
  return { name, pid: child.pid, log, ended, end: () => end, stop };
}

/** Waits until a process is ready. Refuses, with the end of its log, if it dies first or is not ready in time. */
export async function waitUntilReady(
  running: Running,
  isReady: () => Promise<boolean>,
  boundMs: number,
): Promise<void> {
  let ready = false;
  await waitUntil(async () => {
    ready = running.end() === undefined && (await isReady());
    return ready || running.end() !== undefined;
  }, boundMs);
  if (ready) return;
  const what = running.end() ?? `was not ready within ${boundMs / 1000} s`;
  throw new Refusal(`${running.name} ${what}.\n${lastLines(running.log)}`);
}

/** Waits until a task has done what it was asked. Refuses, with the end of its log, if it fails or does not end in time. */
export async function waitUntilDone(
  task: Running,
  { what, boundMs }: { what: string; boundMs: number },
): Promise<void> {
  await waitUntil(() => task.end() !== undefined, boundMs);
  if (task.end() === SUCCESS) return;
  throw new Refusal(`${what} ${task.end() ?? 'has not ended in time'}.\n${lastLines(task.log)}`);
}

/** Stops what an earlier run in the folder has left running because it was killed itself. */
export async function stopLeftovers(folder: string): Promise<void> {
  const files = readdirSync(folder).filter((file) => file.endsWith('.pid'));
  for (const file of files.sort(applicationsFirst)) {
    const identity = parseIdentity(readFileSync(join(folder, file), 'utf8'));
    if (identity && isAlive(identity)) {
      say(
        `Stopping ${file.replace(/\.pid$/, '')}, left over from an earlier run (process ${identity.pid}) …`,
      );
      await endProcess(identity);
    }
    rmSync(join(folder, file), { force: true });
  }
}

/** SIGTERM, then SIGKILL after a bound, to the process and those of its group. */
export async function endProcess(identity: Identity): Promise<void> {
  signal(identity, 'SIGTERM');
  const isGone = () => !isAlive(identity);
  if (await waitUntil(isGone, STOP_BOUND_MS)) return;
  signal(identity, 'SIGKILL');
  await waitUntil(isGone, KILL_BOUND_MS);
}

function signal(identity: Identity, name: NodeJS.Signals): void {
  try {
    // What we start leads a group of its own, which holds the helpers that it starts itself.
    if (isAlive(identity)) process.kill(-identity.pid, name);
  } catch (error) {
    // It ended between the question and the signal.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${error.message}`));
    child.once('exit', (code, signalName) => {
      resolve(signalName === null ? `ended with exit code ${code}` : `was ended by ${signalName}`);
    });
  });
}

/** Web before daemon before the servers that both use. */
function applicationsFirst(a: string, b: string): number {
  const order = ['web.pid', 'daemon.pid'];
  const rank = (file: string) => (order.includes(file) ? order.indexOf(file) : order.length);
  return rank(a) - rank(b);
}
