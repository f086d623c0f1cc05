import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { HAS_COMPILER } from '../helpers/shims';
import { FAULTS, planOf } from './campaign/plan';
import { reportOf } from './campaign/report';
import { runStage, type StageResult } from './campaign/stage';

/** Set by `npm run test:chaos`. Without it, one short stage of a seed that is always the same. */
const { CHAOS_SEED = '1', CHAOS_MINUTES, CHAOS_FOLDER } = process.env;

const SHORT_STAGE_MS = 20_000;
const STAGE_MS = 60_000;
const MS_PER_MINUTE = 60_000;

/** A stage also starts, settles and is audited. */
const BOUND_MS = (Number(CHAOS_MINUTES ?? 1) + 10) * MS_PER_MINUTE;

const seed = Number(CHAOS_SEED);
const endMs = Date.now() + Number(CHAOS_MINUTES ?? 0) * MS_PER_MINUTE;
const lastsMs = CHAOS_MINUTES === undefined ? SHORT_STAGE_MS : STAGE_MS;

const folder = CHAOS_FOLDER ?? mkdtempSync(join(tmpdir(), 'quota-campaign-'));

async function runAll(): Promise<StageResult[]> {
  const stages: StageResult[] = [];
  do {
    const at = stages.length;
    const stageFolder = join(folder, `stage-${at}`);
    mkdirSync(stageFolder, { recursive: true });
    const appendfsync = at % 2 === 0 ? 'always' : 'everysec';
    stages.push(await runStage({ seed: seed + at, lastsMs, appendfsync, folder: stageFolder }));
    writeFileSync(join(folder, 'report.txt'), `${reportOf(stages).lines.join('\n')}\n`);
  } while (Date.now() < endMs);
  return stages;
}

describe('daemons under all faults together', () => {
  test(
    'no promise is broken, by the record of every daemon and every client',
    async () => {
      const { lines, injected, violations } = reportOf(await runAll());
      console.log([`seed ${seed}, record in ${folder}`, ...lines].join('\n'));

      expect(violations).toEqual([]);
      const missing = [...injected].filter(([, count]) => count === 0).map(([fault]) => fault);
      if (HAS_COMPILER) expect(missing).toEqual([]);
      if (CHAOS_FOLDER === undefined) rmSync(folder, { recursive: true });
    },
    BOUND_MS,
  );

  test('the plan is the same for the same seed, and has every fault in it', () => {
    const plan = planOf(7, STAGE_MS);

    expect(planOf(7, STAGE_MS)).toEqual(plan);
    expect(planOf(8, STAGE_MS)).not.toEqual(plan);
    const planned = Object.values(plan).flatMap((faults) => faults.map(({ fault }) => fault));
    expect([...new Set(planned)].sort()).toEqual(Object.values(FAULTS).flat().sort());
  });
});
