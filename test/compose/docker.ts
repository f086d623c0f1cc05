import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const ROOT = join(__dirname, '../..');

/** Everything that a command prints, inspections of all containers included. */
const OUTPUT_BOUND = 64 * 1024 * 1024;

/** The services of docker-compose.yml that stay. */
export const SERVICES = ['daemon', 'mysql', 'redis', 'web'] as const;

/** What the run provides; a missing one is a fault of the run. */
export function setting(
  name:
    | 'QUOTA_PORT'
    | 'QUOTA_HTTP_PORT'
    | 'WEB_PORT'
    | 'QUOTA_SECRETS'
    | 'QUOTA_VERSION'
    | 'COMPOSE_PROJECT_NAME',
): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run these tests with "npm run test:compose"`);
  return value;
}

/** `docker compose …` against the run's own stack; what it prints. Throws if it fails. */
export async function compose(...args: string[]): Promise<string> {
  const { stdout } = await run('docker', ['compose', ...args], { cwd: ROOT, maxBuffer: OUTPUT_BOUND });
  return stdout;
}

/** The same, of another version of the images. */
export async function composeOf(version: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, QUOTA_VERSION: version };
  return (await run('docker', ['compose', ...args], { cwd: ROOT, env, maxBuffer: OUTPUT_BOUND })).stdout;
}

/** `docker …`; what it prints. Throws if it fails. */
export async function engine(...args: string[]): Promise<string> {
  return (await run('docker', args, { cwd: ROOT, maxBuffer: OUTPUT_BOUND })).stdout;
}

/** The same as `compose`, with a text for its standard input. */
export async function composeWith(input: string, ...args: string[]): Promise<string> {
  const running = run('docker', ['compose', ...args], { cwd: ROOT });
  running.child.stdin?.end(input);
  return (await running).stdout;
}

/** Runs a command in a container of the stack: what it prints, and how it ends. */
export async function inside(service: string, ...command: string[]): Promise<{ code: number; text: string }> {
  try {
    return { code: 0, text: await compose('exec', '-T', service, ...command) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, text: `${stdout}${stderr}` };
  }
}

export interface Inspection {
  readonly State: { readonly Status: string; readonly ExitCode: number; readonly OOMKilled: boolean };
  readonly Config: {
    readonly Env: readonly string[];
    readonly User: string;
    readonly Cmd: readonly string[];
  };
  readonly HostConfig: {
    readonly ReadonlyRootfs: boolean;
    readonly CapAdd: readonly string[] | null;
    readonly CapDrop: readonly string[] | null;
    readonly SecurityOpt: readonly string[] | null;
    readonly Init: boolean;
    readonly Privileged: boolean;
    readonly Memory: number;
    readonly PidsLimit: number;
    readonly RestartPolicy: { readonly Name: string };
  };
  readonly NetworkSettings: {
    readonly Ports: Readonly<Record<string, readonly { HostIp: string; HostPort: string }[] | null>>;
    readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>>;
  };
}

/** What the engine knows of a service's container, the first one if there are several. */
export async function inspect(service: string): Promise<Inspection> {
  const [inspection] = JSON.parse(await inspectText(service)) as Inspection[];
  if (inspection === undefined) throw new Error(`${service} has no container`);
  return inspection;
}

/** The same of all its containers, as text. */
export async function inspectText(service: string): Promise<string> {
  const ids = (await compose('ps', '--all', '--quiet', service)).trim().split('\n');
  return (await run('docker', ['inspect', ...ids], { maxBuffer: OUTPUT_BOUND })).stdout;
}

/** Each container that stays, as "SERVICE HEALTH", sorted. */
export async function healthOfAll(): Promise<string[]> {
  const text = await compose('ps', '--format', '{{.Service}} {{.Health}}');
  return text.trim().split('\n').sort();
}

/** One of the stack's secrets. */
export function secret(name: string): string {
  return readFileSync(join(setting('QUOTA_SECRETS'), name), 'utf8').trim();
}

/** Every secret that must be known to nobody. */
export function allSecrets(): string[] {
  const names = readdirSync(setting('QUOTA_SECRETS'));
  return names.filter((name) => /_(password|secret|token)$/.test(name)).map(secret);
}
