import { join } from 'node:path';
import { Refusal } from '../console/refusal';
import { liveHolder } from '../processes/lock';
import { isAnswering } from '../servers/health';
import { parseListen, reachable } from '../servers/listen';
import { mysqlUrl, PASSWORD_SECRET } from '../servers/mysql';
import { rememberedPorts } from '../servers/ports';
import { readSecret } from '../servers/secrets';

/** The servers of a running `npm start`. */
export interface Stack {
  readonly redisUrl: string;
  readonly mysqlUrl: string;
  /** http://HOST:PORT */
  readonly site: string;
}

/**
 * Finds the servers of `npm start` in its folder. Refuses if nothing runs, or if its Redis or MySQL are others
 * than the private ones: the demonstration invents people, and moves the existing data into the past.
 */
export async function findStack({
  folder,
  webListen,
}: {
  folder: string;
  webListen: string;
}): Promise<Stack> {
  const runs = (file: string) => liveHolder(join(folder, file)) !== undefined;
  if (!runs('start.lock'))
    throw new Refusal(
      'Nothing runs here yet: run `npm start` in another terminal, and this again beside it.',
    );
  // It is started last.
  if (!runs('web.pid'))
    throw new Refusal('`npm start` is still starting: run this again when the site runs.');
  const ports = rememberedPorts(folder);
  const password = readSecret(folder, PASSWORD_SECRET);
  const isPrivate = runs('redis.pid') && runs('mysql.pid');
  if (!isPrivate || ports.redis === undefined || ports.mysql === undefined || password === undefined)
    throw new Refusal(
      'The demonstration plays only with the private Redis and MySQL of `npm start`, never with those that REDIS_URL or MYSQL_URL name.',
    );
  const web = reachable(parseListen('WEB_LISTEN', webListen));
  if (!(await isAnswering(web)))
    throw new Refusal(
      `No site answers at ${web}. Where \`npm start\` was given WEB_LISTEN, give it here too: WEB_LISTEN=… npm run demo`,
    );
  return {
    redisUrl: `redis://127.0.0.1:${ports.redis}/0`,
    mysqlUrl: mysqlUrl({ port: ports.mysql, password }),
    site: `http://${web}`,
  };
}
