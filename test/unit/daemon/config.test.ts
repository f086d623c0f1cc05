import { existsSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { readConfig } from '../../../daemon/config';
import { ConfigInvalid } from '../../../environment/config_invalid';

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigInvalid) return error.faults;
    throw error;
  }
}

describe('readConfig', () => {
  test('an empty environment means the defaults', () => {
    const { policiesFile, ...rest } = readConfig({});

    expect(rest).toEqual({
      listen: '127.0.0.1:50051',
      httpListen: '127.0.0.1:9464',
      isInMemory: false,
      redisUrl: 'redis://127.0.0.1:6379/0',
      redisCallsUrl: 'redis://127.0.0.1:6379/1',
      keyPrefix: '',
      partitions: 1,
      redisSecurity: { tls: undefined, sentinelPassword: undefined },
      access: { file: undefined, tls: undefined, reflection: true },
      connections: { total: 1000, perAddress: 100 },
      maxStreams: 256,
      proxies: { peers: [], maxConnections: 500, maxStreams: 1000 },
      connectionAge: { maxMs: 3_600_000, graceMs: 0 },
      drainDelayMs: 0,
      workers: 1,
      logBytes: { connections: 33_554_432, others: 4_194_304 },
      isJoining: true,
      isShedding: true,
      isCachingDenials: true,
      isStoreStrict: false,
      areCallsDurable: false,
      logLevel: 'info',
    });
    expect(existsSync(policiesFile)).toBe(true);
  });

  test('variables that are set to nothing count as unset', () => {
    const empty = { QUOTA_LISTEN: '', REDIS_URL: '', QUOTA_PARTITIONS: '', LOG_LEVEL: '' };

    expect(readConfig(empty)).toEqual(readConfig({}));
  });

  test('a store in memory is accepted; settings of Redis only are rejected', () => {
    const env = { REDIS_URL: 'memory:', QUOTA_WORKERS: '1' };

    expect(readConfig(env).isInMemory).toBe(true);
    expect(
      faultsOf({
        ...env,
        QUOTA_WORKERS: '2',
        QUOTA_STRICT_STORE: '1',
        REDIS_CALLS_URL: 'redis://127.0.0.1/1',
        REDIS_PASSWORD: 'secret',
      }),
    ).toEqual([
      'QUOTA_WORKERS must be 1, as REDIS_URL is memory: and processes share nothing',
      'QUOTA_STRICT_STORE must be 0, as REDIS_URL is memory: and nothing in it survives the process',
      'REDIS_CALLS_URL must be unset, as REDIS_URL is memory:',
      'REDIS_PASSWORD must be unset, as REDIS_URL is memory:',
    ]);
  });

  test('every variable is accepted as it is', () => {
    const env = {
      QUOTA_LISTEN: '[::1]:0',
      QUOTA_HTTP_LISTEN: '0.0.0.0:9000',
      QUOTA_POLICIES: '/etc/quota.yaml',
      REDIS_URL: 'rediss://user:word@redis.example:6380/4',
      REDIS_CALLS_URL: 'redis://other.example/7',
      QUOTA_KEY_PREFIX: 'shop-1.eu:',
      QUOTA_PARTITIONS: '1024',
      QUOTA_DRAIN_DELAY_MS: '2000',
      QUOTA_WORKERS: '4',
      QUOTA_JOINING: 'off',
      QUOTA_SHEDDING: 'off',
      QUOTA_DENIAL_CACHE: 'off',
      LOG_LEVEL: 'silent',
      QUOTA_AUDIT_FILE: '/var/log/audit.log',
      QUOTA_RECORD_FOLDER: '/var/tmp/record',
    };

    const {
      access: _,
      connections: __,
      maxStreams: ___,
      logSecret: ____,
      logBytes: _____,
      isInMemory: ______,
      isStoreStrict: _______,
      areCallsDurable: ________,
      redisSecurity: _________,
      proxies: __________,
      connectionAge: ___________,
      ...rest
    } = readConfig(env);
    const inWords = (value: unknown) => (value === false ? 'off' : String(value));
    expect(Object.values(rest).map(inWords)).toEqual(Object.values(env));
  });

  test.each(['QUOTA_JOINING', 'QUOTA_SHEDDING', 'QUOTA_DENIAL_CACHE'])('%s is on or off', (variable) => {
    expect(faultsOf({ [variable]: 'no' })).toEqual([`${variable} must be on or off`]);
  });

  test('a secret of the log that is too short is rejected; a longer one is accepted', () => {
    expect(faultsOf({ QUOTA_LOG_SECRET: 'short' })).toEqual([
      'QUOTA_LOG_SECRET must be 16 characters or more',
    ]);
    expect(readConfig({ QUOTA_LOG_SECRET: 'a long enough secret' }).logSecret).toBe('a long enough secret');
  });

  test('sizes of the logs are taken from 64 KiB on', () => {
    const env = { QUOTA_CONNECTION_LOG_BYTES: '65536', QUOTA_LOG_BYTES: '100000000000' };

    expect(readConfig(env).logBytes).toEqual({ connections: 65_536, others: 100_000_000_000 });
    for (const variable of Object.keys(env))
      for (const value of ['65535', '100000000001', '1M', '-1'])
        expect(faultsOf({ [variable]: value })).toEqual([
          `${variable} must be a whole number, 65536 to 100000000000`,
        ]);
  });

  test('limits of connections and streams are accepted', () => {
    const env = {
      QUOTA_MAX_CONNECTIONS: '20',
      QUOTA_MAX_CONNECTIONS_PER_ADDRESS: '5',
      QUOTA_MAX_STREAMS: '10000',
    };

    expect(readConfig(env)).toMatchObject({
      connections: { total: 20, perAddress: 5 },
      maxStreams: 10_000,
    });
  });

  test('proxies and the age of connections are accepted', () => {
    const env = {
      QUOTA_PROXIES: '10.0.0.7, fd00::/8,loopback',
      QUOTA_PROXY_MAX_CONNECTIONS: '7',
      QUOTA_PROXY_MAX_STREAMS: '8',
      QUOTA_MAX_CONNECTION_AGE_MS: '0',
      QUOTA_MAX_CONNECTION_AGE_GRACE_MS: '5000',
    };

    expect(readConfig(env)).toMatchObject({
      proxies: { peers: ['10.0.0.7', 'fd00::/8', 'loopback'], maxConnections: 7, maxStreams: 8 },
      connectionAge: { maxMs: 0, graceMs: 5000 },
    });
  });

  test('peers that are no addresses are rejected, each by name', () => {
    expect(faultsOf({ QUOTA_PROXIES: 'haproxy,10.0.0.1,10.0.0.0/33' })).toEqual([
      'QUOTA_PROXIES must list addresses, networks such as 10.0.0.0/8, loopback, linklocal or uniquelocal; it has "haproxy", "10.0.0.0/33"',
    ]);
  });

  test.each(['0', '-1', '1e3', '10001', 'many'])(
    '%s streams on a connection are rejected',
    (QUOTA_MAX_STREAMS) => {
      expect(faultsOf({ QUOTA_MAX_STREAMS })).toEqual([
        'QUOTA_MAX_STREAMS must be a whole number, 1 to 10000',
      ]);
    },
  );

  test.each([
    ['redis://127.0.0.1:6400', 'redis://127.0.0.1:6400/1'],
    ['redis://127.0.0.1:6400/0', 'redis://127.0.0.1:6400/1'],
    ['rediss://user:w%40rd@h.example:1/5', 'rediss://user:w%40rd@h.example:1/1'],
  ])('REDIS_URL %s alone puts the calls in database 1 of the same server', (redisUrl, redisCallsUrl) => {
    expect(readConfig({ REDIS_URL: redisUrl })).toMatchObject({ redisUrl, redisCallsUrl });
  });

  test.each([
    ['QUOTA_STRICT_STORE', 'isStoreStrict'],
    ['QUOTA_DURABLE_CALLS', 'areCallsDurable'],
  ] as const)('%s is 0 or 1', (variable, setting) => {
    expect([readConfig({ [variable]: '1' })[setting], readConfig({ [variable]: '0' })[setting]]).toEqual([
      true,
      false,
    ]);
    expect(faultsOf({ [variable]: 'on' })).toEqual([`${variable} must be 0 or 1`]);
  });

  test('a fault in every variable: all are reported at once', () => {
    const faults = faultsOf({
      QUOTA_LISTEN: 'everywhere',
      REDIS_URL: 'localhost',
      REDIS_CALLS_URL: 'http://127.0.0.1/1',
      QUOTA_KEY_PREFIX: 'a b',
      QUOTA_PARTITIONS: 'many',
      LOG_LEVEL: 'loud',
    });

    expect(faults).toEqual([
      'QUOTA_LISTEN must be HOST:PORT, such as 127.0.0.1:50051 or [::1]:50051',
      'REDIS_URL must be a URL such as redis://user:password@127.0.0.1:6379/0, or rediss:// for TLS, or memory: without Redis',
      'REDIS_CALLS_URL must be a URL such as redis://user:password@127.0.0.1:6379/0, or rediss:// for TLS',
      'QUOTA_KEY_PREFIX must be letters, digits and . _ : - only, 64 at most',
      'QUOTA_PARTITIONS must be a whole number, 1 or more',
      'LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent',
    ]);
  });

  test.each([
    'redis//:s3cret@127.0.0.1:6379',
    'redis://:s3cret@127.0.0.1:port/0',
    'redis://:s3cret@127.0.0.1:6379/zero',
    'redis://:s3cret@127.0.0.1:6379/0/1',
    'redis://:s3cret%@127.0.0.1:6379/0',
    'redis://:s3cret%E9@127.0.0.1:6379/0',
    'https://:s3cret@127.0.0.1:6379/0',
    'redis://',
    's3cret',
  ])('REDIS_URL %j is rejected by its name and never repeated', (url) => {
    const faults = faultsOf({ REDIS_URL: url });

    expect(faults).toEqual([expect.stringMatching(/^REDIS_URL must be a URL such as /)]);
    expect(faults.join()).not.toContain('s3cret');
  });

  test.each([
    '50051',
    ':50051',
    '127.0.0.1',
    '127.0.0.1:',
    '127.0.0.1:65536',
    '::1:50051',
    'a b:1',
    'http://h:1',
  ])('QUOTA_LISTEN %j is rejected', (listen) => {
    expect(faultsOf({ QUOTA_LISTEN: listen })).toHaveLength(1);
  });

  test.each(['0', '-1', '1.5', '01', '1025', '1e2', ' 1'])(
    'QUOTA_PARTITIONS %j is rejected',
    (partitions) => {
      expect(faultsOf({ QUOTA_PARTITIONS: partitions })).toEqual([
        expect.stringMatching(/^QUOTA_PARTITIONS must be /),
      ]);
    },
  );

  test.each(['a b', '{0}', 'é', '*', 'x'.repeat(65)])('QUOTA_KEY_PREFIX %j is rejected', (prefix) => {
    expect(faultsOf({ QUOTA_KEY_PREFIX: prefix })).toHaveLength(1);
  });
});
