import { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import { confirm } from '../../../../scripts/console/confirm';

test.each([
  ['y\n', true],
  ['Yes\n', true],
  ['n\n', false],
  ['\n', false],
  ['yesterday\n', false],
  ['', false],
])('confirm: %j is answered, %s', async (answer, isConfirmed) => {
  const input = new PassThrough();
  const output = new PassThrough();
  input.end(answer);
  expect(await confirm('Delete it?', { input, output })).toBe(isConfirmed);
  expect(String(output.read())).toContain('Delete it? [y/N]');
});
