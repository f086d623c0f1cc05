import { describe, expect, test } from '@jest/globals';
import { createIsProxy } from '../../../../daemon/access/proxies';

describe('createIsProxy', () => {
  test.each([
    ['10.0.0.7', ['10.0.0.7', '::ffff:10.0.0.7'], ['10.0.0.8', '::1']],
    ['10.1.0.0/16', ['10.1.2.3', '::ffff:10.1.2.3'], ['10.2.0.1', 'fd00::1']],
    ['fd00::7', ['fd00::7'], ['fd00::8', '10.0.0.7']],
    ['fd00::/8', ['fd12::1'], ['fe80::1']],
    ['::ffff:10.0.0.7', ['10.0.0.7'], ['10.0.0.8']],
    ['loopback', ['127.0.0.1', '::1', '::ffff:127.0.0.2'], ['10.0.0.1']],
    ['linklocal', ['169.254.1.1', 'fe80::1'], ['127.0.0.1']],
    ['uniquelocal', ['172.18.0.5', '192.168.1.1', '10.0.0.1', 'fd00::1'], ['8.8.8.8', '127.0.0.1']],
  ])('%s, those that it names and no others', (peer, proxies, others) => {
    const isProxy = createIsProxy([peer]);

    expect(proxies.filter((address) => !isProxy(address))).toEqual([]);
    expect(others.filter(isProxy)).toEqual([]);
  });

  test('nobody is a proxy unless named', () => {
    expect(['127.0.0.1', '10.0.0.1', '', 'undefined'].filter(createIsProxy([]))).toEqual([]);
    expect(['', 'undefined'].filter(createIsProxy(['uniquelocal', '10.0.0.0/8']))).toEqual([]);
  });
});
