import { expect, test } from '@jest/globals';
import { firstLine } from '../../../../scripts/console/password';

test.each([
  ['secret', 'secret'],
  ['secret\n', 'secret'],
  ['secret\r\nmore', 'secret'],
  [' with spaces \nmore\n', ' with spaces '],
  ['\nmore', ''],
  ['', ''],
])('firstLine: %j gives %j', (text, line) => {
  expect(firstLine(text)).toBe(line);
});
