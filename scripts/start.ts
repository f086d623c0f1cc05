import { mkdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { keepBuild } from './bootstrap/kept_build';
import { banner } from './console/banner';
import { runScript, say } from './console/terminal';
import { takeLock } from './processes/lock';
import { stopLeftovers } from './processes/processes';
import { type Supervisor, supervised } from './processes/supervisor';
import { requireFreePorts, startApplications } from './servers/applications';
import { PASSWORD_SECRET } from './servers/mysql';
import { emptyOldSchema } from './servers/old_schema';
import { prepareDatabase } from './servers/prepare_database';
import { secretFile } from './servers/secrets';
import { findOrStartServers } from './servers/servers';
import { config } from './settings/config';
import { root, runningFolder, startFolder } from './settings/paths';

/** `npm start`: everything, until Ctrl-C. */
async function start(): Promise<number> {
  mkdirSync(startFolder, { recursive: true });
  takeLock(join(startFolder, 'start.lock'), 'npm start');
  await stopLeftovers(startFolder);
  await requireFreePorts();
  const code = await supervised({ work: bringUp, codeWhenStopped: 0 });
  say(code === 0 ? 'Everything is stopped.' : 'Everything else has been stopped.');
  return code;
}

async function bringUp(supervisor: Supervisor): Promise<number> {
  say('Starting Redis and MySQL …');
  const servers = await findOrStartServers(supervisor);
  // Only the private one: a server that the environment names may hold what others need.
  if (servers.redis.port !== undefined) await emptyOldSchema(servers.redis.url, config);
  await prepareDatabase(servers.mysql);
  say('Starting the daemon and the web tier …');
  const dist = await keepBuild({ root, folder: runningFolder });
  const targets = await startApplications(supervisor, { servers, dist });
  say(
    banner({
      ...targets,
      isDaemonOpen: !config.quotaAsksCallers,
      redisPort: servers.redis.port,
      mysqlPort: servers.mysql.port,
      passwordFile: fromHere(secretFile(startFolder, PASSWORD_SECRET)),
      logs: fromHere(join(startFolder, '*.log')),
    }),
  );
  // From here on only a signal, or the death of one of them, ends the work.
  return new Promise(() => {});
}

/** As the person at the terminal would write it. */
function fromHere(path: string): string {
  return relative(config.callerFolder, path);
}

void runScript(start);
