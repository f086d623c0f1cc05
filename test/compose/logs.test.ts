import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const run = promisify(execFile);

test('logs.sh shows lines with times that people read', async () => {
  const { stdout } = await run(join(__dirname, '../../deploy/logs.sh'), ['daemon']);

  expect(stdout).toMatch(/^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\] INFO \(quota-daemon\): listening /m);
  expect(stdout).not.toContain('"level":30');
});
