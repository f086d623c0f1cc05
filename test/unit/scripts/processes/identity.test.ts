import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { formatIdentity, identityOf, isAlive, parseIdentity } from '../../../../scripts/processes/identity';

const self = identityOf(process.pid);

test('identityOf: this process is alive and the same after writing it down', () => {
  expect(self && parseIdentity(formatIdentity(self))).toEqual(self);
  expect(self && isAlive(self)).toBe(true);
});

test('isAlive: the same number given to another process is not alive', () => {
  expect(isAlive({ pid: process.pid, born: 'another time' })).toBe(false);
});

test('isAlive: a process that has ended is not alive', async () => {
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)']);
  await once(child, 'spawn');
  const identity = identityOf(child.pid ?? 0);
  child.kill();
  await once(child, 'exit');
  expect(identity && isAlive(identity)).toBe(false);
});

test.each(['', '12', 'x y\n', '-1 born\n', '0 born\n', '12 born'])('parseIdentity: %j is nothing', (text) => {
  expect(parseIdentity(text)).toBeUndefined();
});
