import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from '@jest/globals';

const STEP = pathToFileURL(join(__dirname, '../../../../scripts/bootstrap/step.mjs')).href;

/** What a step of 350 ms writes. In a process of its own, as it is run before anything is built. */
function written({ isTTY, fails = false }: { isTTY: boolean; fails?: boolean }): string {
  const script = `
    import { step } from ${JSON.stringify(STEP)};
    import { setTimeout as pause } from 'node:timers/promises';
    const work = async () => { await pause(350); if (${fails}) throw new Error('no'); };
    const output = { isTTY: ${isTTY}, write: (text) => process.stdout.write(text) };
    await step('Building', work, output).catch((error) => process.stdout.write(error.message));
  `;
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).stdout;
}

test('step: a log has one line when it begins and one when it is done', () => {
  expect(written({ isTTY: false })).toMatch(/^Building …\nBuilding: done in \d+ s\n$/);
});

test('step: a terminal has a line that moves and is replaced at the end', () => {
  const [end = '', ...frames] = written({ isTTY: true }).split('\r').reverse();

  expect(frames.filter((frame) => /^\S Building … \d+ s/.test(frame)).length).toBeGreaterThan(1);
  // After the code that clears the line.
  expect(end.replace('\x1b[K', '')).toMatch(/^Building: done in \d+ s\n$/);
});

test('step: work that fails says so and passes the error on', () => {
  expect(written({ isTTY: false, fails: true })).toMatch(/^Building …\nBuilding: failed after \d+ s\nno$/);
});
