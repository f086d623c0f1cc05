import { describe, expect, test } from '@jest/globals';
import { parseRedisUrl, withDatabase } from '../../../../environment/redis/address';

const ONE = { host: '10.0.0.1', port: 26_379 };
const NOBODY = { username: undefined, password: undefined };

describe('parseRedisUrl', () => {
  test.each([
    ['redis://user:word@127.0.0.1:6379/0', false],
    ['rediss://redis.example', true],
  ])('%s is one server, by the URL itself', (url, isEncrypted) => {
    expect(parseRedisUrl(url)).toEqual({ kind: 'server', url, isEncrypted });
  });

  test.each([
    [
      'redis+sentinel://10.0.0.1/quota',
      { isEncrypted: false, hosts: [ONE], masterName: 'quota', database: 0, ...NOBODY },
    ],
    [
      'rediss+sentinel://us%65r:w%40rd@10.0.0.1:26379,two.example:1,[::1]:65535/quota.eu-1/12',
      {
        isEncrypted: true,
        hosts: [ONE, { host: 'two.example', port: 1 }, { host: '::1', port: 65_535 }],
        masterName: 'quota.eu-1',
        database: 12,
        username: 'user',
        password: 'w@rd',
      },
    ],
    [
      'redis+sentinel://:a:b@10.0.0.1,10.0.0.1/quota/1',
      {
        isEncrypted: false,
        hosts: [ONE, ONE],
        masterName: 'quota',
        database: 1,
        username: undefined,
        password: 'a:b',
      },
    ],
  ])('%s has its Sentinels, the name of the master and its database', (url, address) => {
    expect(parseRedisUrl(url)).toEqual({ kind: 'sentinel', ...address });
  });

  test.each([
    [
      'redis+cluster://10.0.0.1',
      { isEncrypted: false, hosts: [{ host: '10.0.0.1', port: 6379 }], ...NOBODY },
    ],
    [
      'rediss+cluster://user:w%40rd@10.0.0.1:26379,[::1]:7000/0',
      {
        isEncrypted: true,
        hosts: [ONE, { host: '::1', port: 7000 }],
        username: 'user',
        password: 'w@rd',
      },
    ],
  ])('%s is some servers of a Cluster', (url, address) => {
    expect(parseRedisUrl(url)).toEqual({ kind: 'cluster', ...address });
  });

  test.each([
    'redis+cluster://10.0.0.1/1',
    'redis+cluster://10.0.0.1/quota',
    'redis+cluster://',
    'redis+sentinel://10.0.0.1',
    'redis+sentinel://10.0.0.1/',
    'redis+sentinel:///quota',
    'redis+sentinel://10.0.0.1,/quota',
    'redis+sentinel://10.0.0.1:0/quota',
    'redis+sentinel://10.0.0.1:65536/quota',
    'redis+sentinel://10.0.0.1/quota/zero',
    'redis+sentinel://10.0.0.1/quota/0/1',
    'redis+sentinel://10.0.0.1/two words',
    'redis+sentinel://:bare%@10.0.0.1/quota',
    'redis+sentinel://::1/quota',
    'redis+other://10.0.0.1/quota',
    'http+sentinel://10.0.0.1/quota',
    'redis:10.0.0.1',
  ])('%s is rejected', (url) => {
    expect(parseRedisUrl(url)).toBeUndefined();
  });
});

describe('withDatabase', () => {
  test.each([
    ['redis://user:word@h:1', 'redis://user:word@h:1/1'],
    ['rediss://h/5', 'rediss://h/1'],
    ['redis+sentinel://:w@h:1,i:2/quota', 'redis+sentinel://:w@h:1,i:2/quota/1'],
    ['rediss+sentinel://h,i/quota/0', 'rediss+sentinel://h,i/quota/1'],
    ['redis+cluster://h,i', 'redis+cluster://h,i'],
  ])('%s is another database of the same place', (url, other) => {
    expect(withDatabase(url, 1)).toBe(other);
  });
});
