import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { benchStore } from '../test/bench/store';
import { ensurePrograms, REDIS_SERVER } from './services/install';
import { benchFolder } from './services/places';
import { stopLeftovers } from './services/processes';
import { startRedis } from './services/redis';
import { type Supervisor, supervised } from './services/supervisor';
import { runScript, say } from './services/terminal';

const FIRST_REDIS_PORT = 36_379;

/** By convention: 128 and the number of SIGINT. */
const INTERRUPTED = 130;

/** `npm run bench`: what the store costs, on a Redis of its own. */
async function bench(): Promise<number> {
  mkdirSync(benchFolder, { recursive: true });
  await stopLeftovers(benchFolder);
  rmSync(join(benchFolder, 'redis'), { recursive: true, force: true });
  return supervised({ work: measure, codeWhenStopped: INTERRUPTED });
}

async function measure(supervisor: Supervisor): Promise<number> {
  await ensurePrograms([REDIS_SERVER]);
  const { url } = await startRedis({ supervisor, folder: benchFolder, firstPort: FIRST_REDIS_PORT });
  await benchStore(url, say);
  return 0;
}

void runScript(bench);
