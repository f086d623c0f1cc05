import { mkdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { requireFreePorts, startApplications } from './applications';
import { banner } from './banner';
import { config } from './config';
import { prepareDatabase } from './database';
import { keepBuild } from './kept_build';
import { takeLock } from './services/lock';
import { PASSWORD_SECRET } from './services/mysql';
import { emptyOldSchema } from './services/old_schema';
import { root, runningFolder, startFolder } from './services/places';
import { stopLeftovers } from './services/processes';
import { secretFile } from './services/secrets';
import { findOrStartServices } from './services/services';
import { type Supervisor, supervised } from './services/supervisor';
import { runScript, say } from './services/terminal';

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
  const services = await findOrStartServices(supervisor);
  // Only the private one: a server that the environment names may hold what others need.
  if (services.redis.port !== undefined) await emptyOldSchema(services.redis.url, config);
  await prepareDatabase(services.mysql);
  say('Starting the daemon and the web tier …');
  const dist = await keepBuild({ root, folder: runningFolder });
  const targets = await startApplications(supervisor, { services, dist });
  say(
    banner({
      ...targets,
      isDaemonOpen: !config.quotaAsksCallers,
      redisPort: services.redis.port,
      mysqlPort: services.mysql.port,
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
