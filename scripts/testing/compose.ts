import { spawnSync } from 'node:child_process';
import { Refusal } from '../console/refusal';
import { lastLines } from '../processes/logs';
import { SUCCESS } from '../processes/processes';
import type { Supervisor } from '../processes/supervisor';
import { waitUntil } from '../processes/wait';
import { environmentWith } from '../settings/config';
import { root } from '../settings/paths';

/** The images are built, and MySQL initialises its data. */
const UP_BOUND_MS = 15 * 60_000;

/** A compose project: its name, files and settings, all as the environment that `docker compose` reads. */
export type ComposeEnvironment = Readonly<Record<string, string>>;

/** Refuses if there is no engine that answers, or no Compose. */
export function requireCompose(): void {
  for (const args of [['info'], ['compose', 'version']]) {
    const { status, error } = spawnSync('docker', args, { stdio: 'ignore' });
    if (status === 0) continue;
    const why = error === undefined ? `docker ${args.join(' ')} fails` : 'docker is not installed';
    throw new Refusal(`The compose stack needs a Docker engine with Compose, and ${why}.`);
  }
}

/** Builds the images, starts the stack, and waits until all of it is healthy. Refuses, saying why, if it is not. */
export async function composeUp(
  supervisor: Supervisor,
  { folder, env }: { folder: string; env: ComposeEnvironment },
): Promise<void> {
  const task = supervisor.launchTask({
    name: 'compose_up',
    folder,
    command: 'docker',
    args: ['compose', '--progress', 'plain', 'up', '--build', '--wait'],
    cwd: root,
    env: environmentWith(env),
  });
  await waitUntil(() => task.end() !== undefined, UP_BOUND_MS);
  if (task.end() === SUCCESS) return;
  const { stdout } = compose(['logs', '--no-color', '--tail', '30'], env);
  throw new Refusal(
    `docker compose up ${task.end() ?? 'has not ended in time'}.\n${lastLines(task.log)}\n${stdout}`,
  );
}

/** Takes the stack down, with its volumes: all that the run has made but the images, which the next build starts from. */
export function composeDown(env: ComposeEnvironment): void {
  const { status, stderr } = compose(['down', '--volumes', '--remove-orphans', '--timeout', '20'], env);
  if (status !== 0) throw new Refusal(`The compose stack could not be taken down:\n${stderr}`);
}

function compose(args: string[], env: ComposeEnvironment) {
  return spawnSync('docker', ['compose', ...args], {
    cwd: root,
    env: environmentWith(env),
    encoding: 'utf8',
  });
}
