import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon } from '../../helpers/daemon';
import { provided } from '../../helpers/environment';
import { freePort } from '../../helpers/ports';
import { copyProject } from '../../helpers/project_copy';
import { startOwnRedis } from '../../helpers/redis';
import { provide, provideGrpcurl, type Result, runInTurn } from './session';

/** Far more than a few dozen commands take, each of which starts a program or two, even on a machine that is busy. */
const COMMANDS_BOUND_MS = 10 * 60_000;

/** A Redis and a daemon with the shipped policies, and a copy of the project to run commands in. */
export interface DocumentedSystem {
  /** Runs commands as the documents have them, with this system's ports in place of the usual ones. */
  run(commands: readonly string[]): Result[];
  /** The same for commands that start a daemon of their own: one that is told no address gets a free port. */
  runWithOwnDaemon(commands: readonly string[]): Promise<Result[]>;
  close(): Promise<void>;
}

/** Starts it, with these files in the copy of the project. */
export async function startDocumentedSystem(files: ReadonlyMap<string, string>): Promise<DocumentedSystem> {
  const redis = await startOwnRedis();
  const daemon = await startDaemon({ redisUrl: redis.url });
  const copy = copyProject();
  const folder = join(copy.folder, 'commands');
  const env = {
    ...process.env,
    ...provideGrpcurl(folder),
    REDIS_CLI: provided('REDIS_CLI_PATH'),
    A: 'quota.v1.QuotaAdminService',
    REDIS_URL: redis.url,
  };
  provide(folder, 'redis-cli');
  for (const [name, text] of files) writeFileSync(join(copy.folder, name), text);

  function runAt(
    commands: readonly string[],
    { listen, http, more }: { listen: string; http: string; more?: NodeJS.ProcessEnv },
  ): Result[] {
    const actual = commands.map((command) =>
      command
        .replaceAll('localhost:50051', listen)
        .replaceAll('localhost:9464', http)
        .replaceAll('-p 16379', `-p ${redis.port}`),
    );
    return runInTurn(actual, {
      folder: copy.folder,
      env: { ...env, ...more },
      boundMs: COMMANDS_BOUND_MS,
    });
  }

  return {
    run: (commands) =>
      runAt(commands, { listen: daemon.target, http: daemon.httpUrl.replace('http://', '') }),
    async runWithOwnDaemon(commands) {
      const [listen, http] = [await freePort(), await freePort()];
      return runAt(commands, {
        // By its name, which a certificate has.
        listen: `localhost:${listen}`,
        http: `localhost:${http}`,
        more: { QUOTA_LISTEN: `127.0.0.1:${listen}`, QUOTA_HTTP_LISTEN: `127.0.0.1:${http}` },
      });
    },
    async close() {
      await daemon.stop();
      await redis.close();
      copy.remove();
    },
  };
}
