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

/** Apart from those of `npm start` and `npm test`, which may be running, and below those that the system gives away. */
const FIRST_PORTS = {
  QUOTA_PORT: 26_051,
  QUOTA_HTTP_PORT: 26_464,
  WEB_PORT: 26_300,
  WEB_METRICS_PORT: 26_465,
  TEST_REDIS_PORT: 26_379,
  TEST_MYSQL_PORT: 26_306,
};

const JEST_CONFIG = join(root, 'jest.compose.config.js');

/** `npm run test:compose`: the integration tests and those of the stack, against a compose stack of its own. */
async function testCompose(outcome: Outcome): Promise<number> {
  requireCompose();
  const folder = join(testFolder, 'compose');
  takeLock(join(folder, 'test.lock'), 'npm run test:compose');
  const secrets = mkdtempSync(join(tmpdir(), 'etu-secrets-'));
  try {
    const env = await composeEnvironment({ folder, secrets });
    // What an earlier run that was killed has left.
    composeDown(env);
    try {
      return await supervised({
        work: (supervisor) => upAndTest(supervisor, { folder, env, outcome }),
        codeWhenStopped: INTERRUPTED,
      });
    } finally {
      composeDown(env);
    }
  } finally {
    rmSync(secrets, { recursive: true, force: true });
  }
}

async function composeEnvironment({
  folder,
  secrets,
}: {
  folder: string;
  secrets: string;
}): Promise<ComposeEnvironment> {
  mkdirSync(folder, { recursive: true });
  const { status, stderr } = spawnSync('sh', [join(root, 'deploy', 'secrets.sh'), secrets], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Refusal(`The secrets could not be made:\n${stderr}`);
  const ports: Record<string, string> = {};
  for (const [name, first] of Object.entries(FIRST_PORTS))
    ports[name] = String(await choosePort({ folder, name, first }));
  return {
    COMPOSE_PROJECT_NAME: PROJECT,
    COMPOSE_FILE: ['docker-compose.yml', 'deploy/test.yml'].join(':'),
    COMPOSE_PATH_SEPARATOR: ':',
    // What an operator has set for a stack in use is not for this one.
    COMPOSE_DISABLE_ENV_FILE: '1',
    COMPOSE_PROFILES: '',
    QUOTA_SECRETS: secrets,
    // The images of an operator's own stack keep their names.
    QUOTA_VERSION: 'test',
    ...ports,
  };
}

async function upAndTest(
  supervisor: Supervisor,
  { folder, env, outcome }: { folder: string; env: ComposeEnvironment; outcome: Outcome },
): Promise<number> {
  say('Building the images and starting the compose stack …');
  await Promise.all([
    composeUp(supervisor, { folder, env }),
    supervisor.finish(() => ensurePrograms(needs())),
  ]);
  const testEnv = { ...env, ...targets(env) };
  const run = (tests: string, workers?: number) =>
    runJest(supervisor, {
      args: ['--config', JEST_CONFIG, tests, ...process.argv.slice(2)],
      env: testEnv,
      workers,
    });
  // Some of the stack's own tests stop it, so nothing else runs then.
  outcome.add(await run('test/integration'));
  outcome.add(await run('test/compose', 1));
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
