import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withMysqlAuthority } from '../environment/files/mysql_tls';
import { Refusal } from './console/refusal';
import { runScript, say } from './console/terminal';
import { ensurePrograms, programFor, REDIS_CLI, REDIS_SERVER } from './install/install';
import { takeLock } from './processes/lock';
import { type Supervisor, supervised } from './processes/supervisor';
import { choosePort } from './servers/ports';
import { config } from './settings/config';
import { root, testFolder } from './settings/paths';
import { type ComposeEnvironment, composeDown, composeUp, requireCompose } from './testing/compose';
import { runJest } from './testing/jest_run';
import { INTERRUPTED, type Outcome, runAndCount } from './testing/outcome';

/** Never an operator's own. */
const PROJECT = 'etuservices-test';

/** Apart from those of `npm start` and `npm test`, which may be running, and below those that the system assigns. */
const FIRST_PORTS = {
  QUOTA_PORT: 26_051,
  QUOTA_HTTP_PORT: 26_464,
  WEB_PORT: 26_300,
  WEB_METRICS_PORT: 26_465,
  HAPROXY_PORT: 26_404,
  TEST_REDIS_PORT: 26_379,
  TEST_MYSQL_PORT: 26_306,
};

/** A stack, and what is run against it: a pattern of files, and how many of them run at a time. */
interface Stack {
  readonly name: string;
  /** Merged in this order. */
  readonly files: readonly string[];
  readonly runs: readonly { readonly tests: string; readonly workers?: number }[];
}

/** One after the other, as each has all of the machine. */
const STACKS: readonly Stack[] = [
  {
    name: 'compose stack',
    files: ['docker-compose.yml', 'deploy/test.yml'],
    // Some of the stack's own tests stop it, so nothing else runs then.
    runs: [{ tests: 'test/integration' }, { tests: 'test/compose/[^/]+$', workers: 1 }],
  },
  {
    name: 'stack with Sentinels',
    files: ['docker-compose.yml', 'docker-compose.sentinel.yml'],
    runs: [{ tests: 'test/compose/sentinel/', workers: 1 }],
  },
  {
    name: 'stack with a Cluster',
    files: ['docker-compose.yml', 'docker-compose.cluster.yml'],
    runs: [{ tests: 'test/compose/cluster/', workers: 1 }],
  },
];

const JEST_CONFIG = join(root, 'jest.compose.config.js');

/** `npm run test:compose`: the integration tests and those of the stacks, each against a compose stack of its own. */
async function testCompose(outcome: Outcome): Promise<number> {
  requireCompose();
  const folder = join(testFolder, 'compose');
  takeLock(join(folder, 'test.lock'), 'npm run test:compose');
  const secrets = mkdtempSync(join(tmpdir(), 'etu-secrets-'));
  try {
    makeSecrets(secrets);
    const codes: number[] = [];
    for (const stack of STACKS) {
      if (codes.includes(INTERRUPTED)) break;
      // Another program may have taken a port meanwhile, so they are chosen for each stack.
      const env = { ...composeEnvironment(stack, secrets), ...(await choosePorts(folder)) };
      codes.push(await testStack(stack, { folder, env, outcome }));
    }
    return Math.max(...codes);
  } finally {
    rmSync(secrets, { recursive: true, force: true });
  }
}

async function testStack(
  stack: Stack,
  { folder, env, outcome }: { folder: string; env: ComposeEnvironment; outcome: Outcome },
): Promise<number> {
  // What an earlier run that was killed has left.
  composeDown(env);
  try {
    return await supervised({
      work: (supervisor) => upAndTest(supervisor, { stack, folder, env, outcome }),
      codeWhenStopped: INTERRUPTED,
    });
  } finally {
    composeDown(env);
  }
}

function makeSecrets(folder: string): void {
  const { status, stderr } = spawnSync('sh', [join(root, 'deploy', 'secrets.sh'), folder], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Refusal(`The secrets could not be made:\n${stderr}`);
}

async function choosePorts(folder: string): Promise<ComposeEnvironment> {
  mkdirSync(folder, { recursive: true });
  const ports: Record<string, string> = {};
  for (const [name, first] of Object.entries(FIRST_PORTS))
    ports[name] = String(await choosePort({ folder, name, first }));
  return ports;
}

function composeEnvironment({ files }: Stack, secrets: string): ComposeEnvironment {
  return {
    COMPOSE_PROJECT_NAME: PROJECT,
    COMPOSE_FILE: files.join(':'),
    COMPOSE_PATH_SEPARATOR: ':',
    // What an operator has set for a stack in use is not for this one.
    COMPOSE_DISABLE_ENV_FILE: '1',
    COMPOSE_PROFILES: '',
    QUOTA_SECRETS: secrets,
    // The images of an operator's own stack keep their names.
    QUOTA_VERSION: 'test',
    // Nor is its network taken.
    STORE_SUBNET: '10.211.6',
  };
}

async function upAndTest(
  supervisor: Supervisor,
  {
    stack,
    folder,
    env,
    outcome,
  }: { stack: Stack; folder: string; env: ComposeEnvironment; outcome: Outcome },
): Promise<number> {
  say(`Building the images and starting the ${stack.name} …`);
  await Promise.all([
    composeUp(supervisor, { folder, env }),
    supervisor.finish(() => ensurePrograms(needs())),
  ]);
  const testEnv = { ...env, ...targets(env) };
  for (const { tests, workers } of stack.runs)
    outcome.add(
      await runJest(supervisor, {
        args: ['--config', JEST_CONFIG, tests, ...process.argv.slice(2)],
        env: testEnv,
        ...(workers === undefined ? {} : { workers }),
      }),
    );
  return outcome.hasPassed() ? 0 : 1;
}

function targets({
  QUOTA_SECRETS = '',
  TEST_REDIS_PORT,
  TEST_MYSQL_PORT,
}: ComposeEnvironment): Record<string, string> {
  const secret = (name: string) => readFileSync(join(QUOTA_SECRETS, name), 'utf8');
  return {
    TEST_REDIS_URL: `redis://default:${secret('redis_password')}@127.0.0.1:${TEST_REDIS_PORT}/0`,
    TEST_MYSQL_URL: withMysqlAuthority(
      `mysql://root:${secret('mysql_root_password')}@127.0.0.1:${TEST_MYSQL_PORT}/`,
      join(QUOTA_SECRETS, 'mysql_tls.pem'),
    ),
    REDIS_SERVER_PATH: config.redisServerPath ?? programFor(REDIS_SERVER),
    REDIS_CLI_PATH: config.redisCliPath ?? programFor(REDIS_CLI),
  };
}

function needs() {
  return [config.redisServerPath ? [] : [REDIS_SERVER], config.redisCliPath ? [] : [REDIS_CLI]].flat();
}

void runScript(() => runAndCount(testCompose));
