import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const TESTS = join(__dirname, '../..');

test('the longest suites: each is there under its name, in the order of its time', () => {
  const lines = readFileSync(join(TESTS, 'long_suites.txt'), 'utf8').trim().split('\n');
  const listed = lines.map((line) => line.split(' '));
  const seconds = listed.map(([time]) => Number(time));

  expect(listed.filter(([, suite = '']) => !existsSync(join(TESTS, suite)))).toEqual([]);
  expect(seconds).toEqual(seconds.toSorted((a, b) => b - a));
});
