import { randomInt } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Refusal } from './console/refusal';
import { runScript, say } from './console/terminal';
import { ensurePrograms, programFor, REDIS_SERVER } from './install/install';
import { takeLock } from './processes/lock';
import { type Supervisor, supervised } from './processes/supervisor';
import { config } from './settings/config';
import { testFolder } from './settings/paths';
import { runJest } from './testing/jest_run';
import { INTERRUPTED, type Outcome, runAndCount } from './testing/outcome';

const USAGE = 'Usage: npm run test:chaos -- [--seed 7] [--minutes 10]';

/** A run of jest is ended after 40 minutes. */
const MOST_MINUTES = 30;

const MOST_SEED = 1_000_000;

const folder = join(testFolder, 'chaos');

/** `npm run test:chaos`: daemons under all faults together, for minutes, and the audit of all that they wrote. */
async function testChaos(outcome: Outcome): Promise<number> {
  const asked = readArguments();
  mkdirSync(folder, { recursive: true });
  takeLock(join(folder, 'test.lock'), 'npm run test:chaos');
  return supervised({
    work: (supervisor) => runCampaign(supervisor, { ...asked, outcome }),
    codeWhenStopped: INTERRUPTED,
  });
}

function readArguments(): { seed: number; minutes: number } {
  try {
    const options = {
      seed: { type: 'string', default: String(randomInt(1, MOST_SEED)) },
      minutes: { type: 'string', default: '10' },
    } as const;
    const { values } = parseArgs({ options });
    return {
      seed: wholeNumber(values, 'seed', MOST_SEED),
      minutes: wholeNumber(values, 'minutes', MOST_MINUTES),
    };
  } catch (error) {
    throw new Refusal(`${error instanceof Error ? error.message : error}\n${USAGE}`);
  }
}

function wholeNumber<Name extends string>(values: Record<Name, string>, name: Name, most: number): number {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new Error(`--${name} must be a whole number, 1 to ${most}; it is ${values[name]}`);
}

async function runCampaign(
  supervisor: Supervisor,
  { seed, minutes, outcome }: { seed: number; minutes: number; outcome: Outcome },
): Promise<number> {
  await supervisor.finish(() => ensurePrograms(config.redisServerPath ? [] : [REDIS_SERVER]));
  const record = join(folder, 'record');
  rmSync(record, { recursive: true, force: true });
  say(`Seed ${seed}, ${minutes} minutes; the record is kept in ${record}.`);
  const env = {
    CHAOS_SEED: String(seed),
    CHAOS_MINUTES: String(minutes),
    CHAOS_FOLDER: record,
    REDIS_SERVER_PATH: config.redisServerPath ?? programFor(REDIS_SERVER),
  };
  outcome.add(await runJest(supervisor, { args: ['test/chaos/campaign'], env }));
  return outcome.hasPassed() ? 0 : 1;
}

void runScript(() => runAndCount(testChaos));
