import { expect, test } from '@jest/globals';
import { parseListen, reachable } from '../../../../scripts/servers/listen';

test.each([
  ['127.0.0.1:3000', '127.0.0.1:3000'],
  ['0.0.0.0:3000', '127.0.0.1:3000'],
  ['[::]:3000', '127.0.0.1:3000'],
  ['[::1]:3000', '[::1]:3000'],
  ['localhost:1', 'localhost:1'],
])('reachable: one that listens at %s is reached at %s', (text, target) => {
  expect(reachable(parseListen('WEB_LISTEN', text))).toBe(target);
});

test.each(['3000', ':3000', '127.0.0.1', '127.0.0.1:http', '127.0.0.1:65536', '::1:3000'])(
  'parseListen: %j is rejected with the name of the variable',
  (text) => {
    expect(() => parseListen('WEB_LISTEN', text)).toThrow('WEB_LISTEN must be host:port');
  },
);
