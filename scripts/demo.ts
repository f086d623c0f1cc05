import { Redis } from 'ioredis';
import type { Pool } from 'mysql2/promise';
import { connect } from '../web/database';
import { Refusal } from './console/refusal';
import { outliveTerminal, runScript, say } from './console/terminal';
import { countDecisions, type Store } from './demo/age_store';
import { parseDemoArguments } from './demo/arguments';
import { makePlan } from './demo/plan';
import { play } from './demo/play';
import { createProgress } from './demo/progress';
import { createRandom } from './demo/random';
import { findStack, type Stack } from './demo/stack';
import { DEMO_STUDENTS, emailOf, ensureStudents } from './demo/students';
import { describeTally } from './demo/tally';
import { momentsBefore } from './demo/timetable';
import { config } from './settings/config';
import { startFolder } from './settings/paths';

/** With more, each step into the past would keep the daemon waiting for longer than it waits. */
const MOST_DECISIONS = 30_000;

/** `npm run demo`: some days of traffic, on what `npm start` keeps running. */
async function demo(): Promise<number> {
  const { hours, seed } = parseDemoArguments(process.argv.slice(2));
  const stack = await findStack({ folder: startFolder, webListen: config.webListen });
  const pool = connect(stack.mysqlUrl);
  const redis = new Redis(stack.redisUrl, { retryStrategy: () => null });
  // Said once, by the command that fails.
  redis.on('error', () => undefined);
  try {
    await playHours({ hours, seed, stack, pool, store: { redis, keyPrefix: config.keyPrefix } });
    return 0;
  } finally {
    redis.disconnect();
    await pool.end();
  }
}

type Parts = { hours: number; seed: number; stack: Stack; pool: Pool; store: Store };

async function playHours({ hours, seed, stack, pool, store }: Parts): Promise<void> {
  await requireShortMemory(store);
  say(`Playing the last ${hours} hours at ${stack.site}/ as ${DEMO_STUDENTS.length} students …`);
  say(`Watch ${stack.site}/statistics as nathalie@etuservices.example. Ctrl-C stops it.`);
  const ids = await ensureStudents(pool);
  const students = DEMO_STUDENTS.map((student, index) => ({ id: ids[index] ?? 0, email: emailOf(student) }));
  const random = createRandom(seed);
  const moments = momentsBefore(Date.now(), { hours, random });
  const plan = makePlan({ random, moments, students: DEMO_STUDENTS });
  const progress = createProgress(moments);
  const signal = signalled();
  try {
    const onRound = progress.show;
    const tally = await play({ site: stack.site, store, pool, students, plan, signal, onRound });
    progress.end();
    // Each step was written to the file: it need not stay so long.
    await store.redis.bgrewriteaof().catch(() => undefined);
    say(`${signal.aborted ? 'Stopped early' : 'Played'}: ${describeTally(tally)}.`);
  } catch (error) {
    progress.end();
    throw error;
  }
}

async function requireShortMemory(store: Store): Promise<void> {
  const count = await countDecisions(store);
  if (count <= MOST_DECISIONS) return;
  throw new Refusal(
    `The private Redis remembers ${count} decisions, too many to move. Stop \`npm start\`, and delete .local/redis to start afresh.`,
  );
}

/** Aborted by the first Ctrl-C; a second one must not cut off what is being finished. */
function signalled(): AbortSignal {
  const controller = new AbortController();
  outliveTerminal();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => controller.abort());
  return controller.signal;
}

void runScript(demo);
