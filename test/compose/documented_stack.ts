import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isFree } from '../../scripts/servers/ports';
import { provideGrpcurl, type Result, runInTurn } from '../docs/console/session';

const ROOT = join(__dirname, '../..');

/** What a stack is made of once its images are there; the policies are in `daemon`. */
const PARTS = ['docker-compose.yml', 'deploy', 'daemon'];

/** Beside the run's own stack, and an operator's. */
const PROJECT = 'etuservices-docs';

/** Where the project is in the documents. */
const DOCUMENTED_FOLDER = '/srv/etuservices';

/** Above those of the run's own stack, and below those that the system assigns. */
const FIRST_PORT = 27_100;

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const CONTROL_SEQUENCE = /\x1b\[[0-9;]*[A-Za-z]/g;

/** A few dozen commands; some of them start or replace the whole stack, on a machine that may be busy. */
const COMMANDS_BOUND_MS = 20 * 60_000;

/** The project as an operator has it, in a folder of its own, with nothing started. The images are those of the run. */
export interface DocumentedStack {
  /** Runs commands as the documents have them, with this stack's ports in place of the usual ones. */
  run(commands: readonly string[]): Result[];
  close(): void;
}

export async function startDocumentedStack(): Promise<DocumentedStack> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'quota-stack-')));
  for (const part of PARTS) cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  const quotaPorts = await freePorts(FIRST_PORT, 2);
  const httpPorts = await freePorts(last(quotaPorts) + 1, 2);
  const webPorts = await freePorts(last(httpPorts) + 1, 2);
  const ports = {
    QUOTA_PORT: quotaPorts[0],
    QUOTA_HTTP_PORT: httpPorts[0],
    WEB_PORT: webPorts[0],
    WEB_METRICS_PORT: webPorts[1],
  };
  const settings = Object.entries(ports).map(([name, port]) => `${name}=${port}\n`);
  writeFileSync(join(folder, '.env'), settings.join(''));
  const env = {
    ...process.env,
    ...provideGrpcurl(join(folder, 'commands')),
    A: 'quota.v1.QuotaAdminService',
    COMPOSE_PROJECT_NAME: PROJECT,
    COMPOSE_FILE: 'docker-compose.yml',
    QUOTA_SECRETS: './secrets',
    // What the run has set for its own stack; this one's ports are in its .env, as an operator's are.
    COMPOSE_DISABLE_ENV_FILE: undefined,
    ...Object.fromEntries(Object.keys(ports).map((name) => [name, undefined])),
  };
  const down = () =>
    execFileSync('docker', ['compose', 'down', '--volumes', '--remove-orphans', '--timeout', '20'], {
      cwd: folder,
      // Before the secrets are made, Compose needs no file of theirs.
      env,
      stdio: 'ignore',
    });
  // What an earlier run that was killed has left.
  down();

  const actual = (command: string) =>
    command
      .replaceAll('50051-50052', quotaPorts.join('-'))
      .replaceAll('9474-9475', httpPorts.join('-'))
      .replaceAll('localhost:50051', `localhost:${quotaPorts[0]}`)
      .replaceAll('localhost:9464', `localhost:${httpPorts[0]}`)
      .replaceAll('localhost:3000', `localhost:${webPorts[0]}`);
  return {
    run: (commands) =>
      runInTurn(commands.map(actual), { folder, env, boundMs: COMMANDS_BOUND_MS }).map((result) => ({
        ...result,
        printed: withoutProgress(result.printed).replaceAll(folder, DOCUMENTED_FOLDER),
      })),
    close() {
      down();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Without what Compose reports of its work, and without the control sequences that some versions print. */
function withoutProgress(printed: string): string {
  return printed
    .replaceAll(CONTROL_SEQUENCE, '')
    .replaceAll(/^ (?:Container|Network|Volume|Image) .*\n/gm, '');
}

/** So many free ports in a row, from one upwards. */
async function freePorts(first: number, count: number): Promise<number[]> {
  const ports = Array.from({ length: count }, (_, index) => first + index);
  const free = await Promise.all(ports.map((port) => isFree({ host: '127.0.0.1', port })));
  return free.every(Boolean) ? ports : freePorts(first + 1, count);
}

function last(ports: readonly number[]): number {
  const port = ports.at(-1);
  if (port === undefined) throw new Error('no ports');
  return port;
}
