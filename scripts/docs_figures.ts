import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { drawCharts, outageChart, windowChart } from '../test/bench/report/charts';
import { measureOutage, type OutageRun } from '../test/bench/report/outage';
import { measureWindow, type WindowRun } from '../test/bench/report/window';
import { runScript, say } from './console/terminal';
import { CHROMIUM, ensurePrograms, programFor, REDIS_SERVER } from './install/install';
import { stopLeftovers } from './processes/processes';
import { type Supervisor, supervised } from './processes/supervisor';
import { benchFolder, root } from './settings/paths';

/** Apart from those of the bench. */
const FIRST_PORT = 25_479;

/** By convention: 128 and the number of SIGINT. */
const INTERRUPTED = 130;

const WORDS = {
  en: {
    window: {
      inWindow: 'admitted in the last 10 s',
      limit: 'limit',
      admitted: 'a request that was admitted',
      denied: 'a request that was denied',
      seconds: 'seconds',
    },
    outage: {
      byStore: 'decided in Redis',
      degraded: 'decided locally (degraded)',
      unanswered: 'unanswered',
      slowest: 'slowest answer (right)',
      seconds: 'seconds; Redis is frozen from 5 to 12',
      calls: 'requests per half second',
    },
  },
  fr: {
    window: {
      inWindow: 'admises dans les 10 dernières secondes',
      limit: 'limite',
      admitted: 'une demande admise',
      denied: 'une demande refusée',
      seconds: 'secondes',
    },
    outage: {
      byStore: 'décidées dans Redis',
      degraded: 'décidées localement (degraded)',
      unanswered: 'sans réponse',
      slowest: 'réponse la plus lente (à droite)',
      seconds: 'secondes ; Redis est figé de 5 à 12',
      calls: 'demandes par demi-seconde',
    },
  },
} as const;

/** `npm run docs:figures`: measures, and draws the figures of the report in both languages. */
async function drawFigures(): Promise<number> {
  mkdirSync(benchFolder, { recursive: true });
  await stopLeftovers(benchFolder);
  return supervised({ work: measureAndDraw, codeWhenStopped: INTERRUPTED });
}

async function measureAndDraw(supervisor: Supervisor): Promise<number> {
  await supervisor.finish(() => ensurePrograms([REDIS_SERVER, CHROMIUM]));
  const bench = {
    supervisor,
    folder: benchFolder,
    firstPort: FIRST_PORT,
    daemonMain: join(root, 'dist', 'daemon', 'main.js'),
    isQuick: false,
    users: 0,
    say,
  };
  const window = await measureWindow(bench);
  const outage = await measureOutage(bench);
  const charts = Object.entries(WORDS).flatMap(([language, words]) => [
    { file: picture(`sliding_window.${language}`), chart: windowChart(window, words.window) },
    { file: picture(`outage.${language}`), chart: outageChart(outage, words.outage) },
  ]);
  await drawCharts(programFor(CHROMIUM), charts);
  for (const line of [...windowFacts(window), ...outageFacts(outage)]) say(line);
  return 0;
}

const picture = (name: string) => join(root, 'docs', 'images', `${name}.png`);

/** The numbers that the report states. */
function windowFacts({ asked }: WindowRun): string[] {
  const admitted = asked.filter(({ verdict }) => verdict === 'admitted').length;
  return [`window: ${asked.length} requests, ${admitted} admitted, ${asked.length - admitted} denied`];
}

function outageFacts({ asked, frozenAtS, thawedAtS, perSecond }: OutageRun): string[] {
  const degraded = asked.filter(({ isDegraded }) => isDegraded);
  const unanswered = asked.filter(({ verdict }) => verdict === 'unanswered');
  const slowest = (from: number, to: number) =>
    Math.max(...asked.filter(({ atS }) => atS >= from && atS < to).map(({ latencyMs }) => latencyMs)).toFixed(
      1,
    );
  return [
    `outage: ${asked.length} requests, ${perSecond} per second, ${unanswered.length} unanswered, ${degraded.length} degraded`,
    `  degraded from ${degraded.at(0)?.atS.toFixed(2)} s to ${degraded.at(-1)?.atS.toFixed(2)} s`,
    `  slowest answer: ${slowest(0, frozenAtS)} ms before, ${slowest(frozenAtS, frozenAtS + 1)} ms in the first second, ` +
      `${slowest(frozenAtS + 1, thawedAtS)} ms until the end of the outage, ${slowest(thawedAtS + 1, Number.POSITIVE_INFINITY)} ms a second after it`,
  ];
}

void runScript(drawFigures);
