import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import type { Bench } from '../test/bench/bench';
import { type BenchArguments, parseArguments, USAGE } from '../test/bench/figures/arguments';
import { exitCodeOf, jsonOf, tableOf } from '../test/bench/figures/report';
import { measureFigures } from '../test/bench/rows/measure';
import { benchSite } from '../test/bench/site/site';
import { Refusal } from './console/refusal';
import { runScript, say } from './console/terminal';
import { DATABASE, ensurePrograms, REDIS_BENCHMARK, REDIS_SERVER } from './install/install';
import { stopLeftovers } from './processes/processes';
import { type Supervisor, supervised } from './processes/supervisor';
import { config } from './settings/config';
import { benchFolder, root } from './settings/paths';

/** Apart from those of `npm start` and `npm test`, which may be running. */
const FIRST_PORT = 25_379;

/** By convention: 128 and the number of SIGINT. */
const INTERRUPTED = 130;

/** `npm run bench`: measures the daemon and the site, on separate servers. Exits with 1 if a bound is missed. */
async function bench(): Promise<number> {
  const asked = readArguments();
  mkdirSync(benchFolder, { recursive: true });
  await stopLeftovers(benchFolder);
  for (const data of ['redis', 'mysql']) rmSync(join(benchFolder, data), { recursive: true, force: true });
  return supervised({ work: (supervisor) => measure(supervisor, asked), codeWhenStopped: INTERRUPTED });
}

function readArguments(): BenchArguments {
  try {
    return parseArguments(process.argv.slice(2));
  } catch (error) {
    throw new Refusal(`${error instanceof Error ? error.message : error}\n${USAGE}`);
  }
}

async function measure(supervisor: Supervisor, asked: BenchArguments): Promise<number> {
  const needs = [REDIS_SERVER, REDIS_BENCHMARK, ...(asked.siteParts.size > 0 ? [DATABASE] : [])];
  await supervisor.finish(() => ensurePrograms(needs));
  const place = { supervisor, folder: benchFolder, firstPort: FIRST_PORT };
  const exitCode =
    asked.figures.size === 0 ? 0 : await measureEngine({ ...place, ...benchOf(asked), say }, asked);
  const { siteParts: parts, isQuick } = asked;
  const webBefore = asked.webBefore && resolve(config.callerFolder, asked.webBefore);
  if (parts.size > 0) await benchSite(place, { parts, webBefore, isQuick, rounds: asked.rounds, say });
  return exitCode;
}

function benchOf({ daemon, isQuick, users, rounds }: BenchArguments) {
  const daemonMain = daemon ? resolve(config.callerFolder, daemon) : join(root, 'dist', 'daemon', 'main.js');
  return { daemonMain, isQuick, users, rounds };
}

async function measureEngine(place: Bench, { figures, jsonFile }: BenchArguments): Promise<number> {
  const startedAt = new Date().toISOString();
  const results = await measureFigures(place, figures);
  for (const line of ['', ...tableOf(results)]) say(line);
  if (jsonFile !== undefined) {
    const [processor] = cpus();
    const machine = {
      processors: cpus().length,
      model: processor?.model,
      memory: totalmem(),
      node: process.version,
    };
    const { daemonMain, isQuick, users } = place;
    const run = { startedAt, endedAt: new Date().toISOString(), machine, daemonMain, isQuick, users };
    writeFileSync(resolve(config.callerFolder, jsonFile), jsonOf(results, run));
  }
  return exitCodeOf(results);
}

void runScript(bench);
