import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { Refusal } from '../console/refusal';
import { say } from '../console/terminal';
import { findProgram } from '../install/programs';
import { type Running, waitUntilDone } from '../processes/processes';
import type { Supervisor } from '../processes/supervisor';

/** An engine that is there answers at once; one that is just starting takes its time. */
const ANSWER_BOUND_MS = 20_000;

/** A few hundred megabytes on a slow line. */
const PULL_BOUND_MS = 20 * 60_000;

/** A container of ours: a server, its data in a folder of the host, its port on loopback alone. */
export interface Container {
  /** Distinguishes the servers of one folder: "redis". */
  readonly name: string;
  readonly image: string;
  /** The folder of the start or of the tests, which also distinguishes the containers of several projects. */
  readonly folder: string;
  readonly port: number;
  /** The port of the image's server, and its data folder. */
  readonly inside: { readonly port: number; readonly data: string };
  readonly data: string;
  /** More options of `docker run`. */
  readonly options: readonly string[];
  readonly command: readonly string[];
}

/** Why no container can be run here; undefined if one can. */
export function dockerProblem(): string | undefined {
  const docker = findProgram('docker');
  if (docker === undefined) return 'Docker is not installed';
  const { status, stdout, stderr } = spawnSync(docker, ['info', '--format', '{{.OSType}}'], {
    encoding: 'utf8',
    timeout: ANSWER_BOUND_MS,
  });
  if (status !== 0) return `Docker cannot be used (${stderr.trim().split('\n')[0]})`;
  return stdout.trim() === 'linux' ? undefined : 'Docker runs no Linux containers';
}

/** Downloads the image if it is not there, and starts the container. It is removed when it ends; its data stays. */
export async function startContainer(supervisor: Supervisor, container: Container): Promise<Running> {
  const docker = dockerProgram();
  await ensureImage({ supervisor, docker, ...container });
  const { name, folder } = container;
  const remove = () => spawnSync(docker, ['rm', '--force', containerName(container)], { stdio: 'ignore' });
  // What an earlier run that was killed has left.
  remove();
  const running = supervisor.launch({
    name,
    folder,
    command: docker,
    args: runArguments(container, userOption(docker)),
    cwd: folder,
  });
  // Docker does so itself, unless its client had to be killed.
  running.ended.then(remove);
  return running;
}

/** The arguments of `docker run`, which stays in the foreground and passes signals on. */
export function runArguments(container: Container, user: readonly string[]): string[] {
  const { image, port, inside, data, options, command } = container;
  return [
    'run',
    '--rm',
    `--name=${containerName(container)}`,
    `--publish=127.0.0.1:${port}:${inside.port}`,
    // Z: for a system with SELinux; others take no notice.
    `--volume=${data}:${inside.data}:Z`,
    ...user,
    ...options,
    image,
    ...command,
  ];
}

function containerName({ name, folder }: Pick<Container, 'name' | 'folder'>): string {
  return `etuservices-${name}-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`;
}

/** So that the data belongs to who runs this. In an engine without root, its root already is that user. */
function userOption(docker: string): string[] {
  const uid = process.getuid?.() ?? 0;
  const { stdout } = spawnSync(docker, ['info', '--format', '{{.SecurityOptions}}'], { encoding: 'utf8' });
  return uid === 0 || /rootless/.test(stdout ?? '') ? [] : [`--user=${uid}:${process.getgid?.() ?? uid}`];
}

type Download = Pick<Container, 'name' | 'image' | 'folder'> & { supervisor: Supervisor; docker: string };

async function ensureImage({ supervisor, docker, name, image, folder }: Download): Promise<void> {
  if (spawnSync(docker, ['image', 'inspect', image], { stdio: 'ignore' }).status === 0) return;
  say(`Downloading ${image} (docker pull) …`);
  const task = supervisor.launchTask({
    name: `${name}_pull`,
    folder,
    command: docker,
    args: ['pull', '--quiet', image],
    cwd: folder,
  });
  await waitUntilDone(task, { what: `docker pull ${image}`, boundMs: PULL_BOUND_MS });
}

function dockerProgram(): string {
  const docker = findProgram('docker');
  if (docker === undefined) throw new Refusal('Docker is not installed.');
  return docker;
}
