import { join } from 'node:path';
import type { Address } from '../../environment/listen';
import { Refusal } from '../console/refusal';
import { waitUntilReady } from '../processes/processes';
import type { Supervisor } from '../processes/supervisor';
import { config, environmentWith } from '../settings/config';
import { root, startFolder } from '../settings/paths';
import { isAnswering, isServing } from './health';
import { parseListen, reachable } from './listen';
import { isFree } from './ports';
import { keptSecret } from './secrets';
import type { Servers } from './servers';

const START_BOUND_MS = 30_000;

/** The addresses of the two programs. */
export interface Targets {
  readonly daemon: string;
  readonly metrics: string;
  readonly web: string;
}

/** Refuses, before anything is started, if another program has a port that we need. */
export async function requireFreePorts(): Promise<void> {
  const taken: string[] = [];
  for (const [variable, { host, port }] of Object.entries(listens())) {
    if (await isFree({ host, port })) continue;
    const free = reachable({ host, port: port + 1 });
    taken.push(
      `Port ${port} is taken by another program: set ${variable}, as in ${variable}=${free} npm start`,
    );
  }
  if (taken.length > 0) throw new Refusal(taken.join('\n'));
}

/** Starts the daemon, then the web tier, from the build in a folder, and waits until each is ready. */
export async function startApplications(
  supervisor: Supervisor,
  { servers, dist }: { servers: Servers; dist: string },
): Promise<Targets> {
  const listen = listens();
  const targets = {
    daemon: reachable(listen.QUOTA_LISTEN),
    metrics: reachable(listen.QUOTA_HTTP_LISTEN),
    web: reachable(listen.WEB_LISTEN),
  };
  const env = applicationEnvironment(servers, targets);
  const start = (name: string) => {
    const main = join(dist, name, 'main.js');
    return supervisor.launch({
      name,
      folder: startFolder,
      command: process.execPath,
      args: [main],
      cwd: root,
      env,
    });
  };
  await waitUntilReady(start('daemon'), () => isServing(targets.daemon), START_BOUND_MS);
  await waitUntilReady(start('web'), () => isAnswering(targets.web), START_BOUND_MS);
  return targets;
}

type ListenVariable = 'QUOTA_LISTEN' | 'QUOTA_HTTP_LISTEN' | 'WEB_LISTEN' | 'WEB_METRICS_LISTEN';

function listens(): Record<ListenVariable, Address> {
  return {
    QUOTA_LISTEN: parseListen('QUOTA_LISTEN', config.quotaListen),
    QUOTA_HTTP_LISTEN: parseListen('QUOTA_HTTP_LISTEN', config.quotaHttpListen),
    WEB_LISTEN: parseListen('WEB_LISTEN', config.webListen),
    WEB_METRICS_LISTEN: parseListen('WEB_METRICS_LISTEN', config.webMetricsListen),
  };
}

/** A password of the environment is for a server of the environment. */
const NO_MYSQL_PASSWORD = { MYSQL_PASSWORD: '', MYSQL_PASSWORD_FILE: '' };

function privateRedis(url: string): Record<string, string> {
  return {
    REDIS_URL: `${url}/0`,
    REDIS_CALLS_URL: `${url}/1`,
    REDIS_PASSWORD: '',
    REDIS_PASSWORD_FILE: '',
  };
}

function applicationEnvironment({ redis, mysql }: Servers, targets: Targets): NodeJS.ProcessEnv {
  // What the environment names, the programs read from there themselves.
  return environmentWith({
    ...(redis.port !== undefined && privateRedis(redis.url)),
    ...(mysql.port !== undefined && { MYSQL_URL: mysql.url, ...NO_MYSQL_PASSWORD }),
    QUOTA_TARGET: config.quotaTarget ?? targets.daemon,
    // The file that a person edits, and not its copy in the build.
    QUOTA_POLICIES: config.quotaPolicies ?? join(root, 'daemon', 'policies.yaml'),
    ...(config.sessionSecret === undefined && { SESSION_SECRET: keptSecret(startFolder, 'session') }),
  });
}
