import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { failingPolicies } from '../helpers/failing_policies';
import { closedAfterEach } from '../helpers/opened';
import { failureOf } from '../helpers/quota_client';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

const NOWHERE = 'redis://127.0.0.1:1/0';

/** What a daemon says that does not start. */
async function complaintOf(options: Parameters<typeof opened.daemon>[0]): Promise<string> {
  return opened.daemon(options).then(
    () => 'it started',
    (error: Error) => error.message,
  );
}

describe('a daemon whose environment cannot be used', () => {
  test('faults in every variable: exits with 1 and reports all of them without the password', async () => {
    const complaint = await complaintOf({
      redisUrl: 'redis//:s3cret@127.0.0.1:6379',
      env: {
        QUOTA_LISTEN: 'nowhere',
        QUOTA_PARTITIONS: '0',
        LOG_LEVEL: 'loud',
        REDIS_CALLS_URL: 'http://:s3cret@h/1',
      },
    });

    expect(complaint.split('\n').slice(0, 2)).toEqual([
      'the program ended with 1:',
      'quota-daemon: the configuration cannot be used:',
    ]);
    for (const name of ['QUOTA_LISTEN', 'REDIS_URL', 'REDIS_CALLS_URL', 'QUOTA_PARTITIONS', 'LOG_LEVEL'])
      expect(complaint).toMatch(new RegExp(`^ {2}${name} must be `, 'm'));
    expect(complaint).not.toContain('s3cret');
  });

  test('a password that no URL may hold is reported by the name of the variable without a stack', async () => {
    const complaint = await complaintOf({ redisUrl: 'redis://:s3cret%@127.0.0.1:6379/0' });

    expect(complaint).toMatch(/ended with 1:\n.*\n {2}REDIS_URL must be a URL such as .*\n$/);
    expect(complaint).not.toContain('s3cret');
  });
});

describe('a daemon whose policies file cannot be used', () => {
  test('exits with 1 and lists five faults, each with the file and its line', async () => {
    const policies = [
      'services: [vente, vente]',
      'policies:',
      '  connection:',
      '    limits:',
      '      - { name: per-window, algorithm: sliding-window, limit: 1001, window: 10m }',
      '      - { name: per-window, algorithm: token-bucket, limit: 0, window: ten }',
      '    record: connections',
    ].join('\n');

    const complaint = await complaintOf({ redisUrl: NOWHERE, policies });

    expect(complaint).toMatch(/ended with 1:\nquota-daemon: the configuration cannot be used:\n/);
    expect(
      [...complaint.matchAll(/policies\.yaml:(\d+): ([^:]+):/g)].map(([_, line, place]) => [line, place]),
    ).toEqual([
      ['1', 'services[1]'],
      ['5', 'policies.connection.limits[0].limit'],
      ['6', 'policies.connection.limits[1].limit'],
      ['6', 'policies.connection.limits[1].window'],
      ['6', 'policies.connection.limits[1]'],
      ['7', 'policies.connection.record'],
    ]);
  });

  test('a missing file is reported by the name of the variable', async () => {
    const complaint = await complaintOf({
      redisUrl: NOWHERE,
      env: { QUOTA_POLICIES: '/nowhere/policies.yaml' },
    });

    expect(complaint).toContain('  QUOTA_POLICIES /nowhere/policies.yaml cannot be read: ENOENT\n');
  });
});

describe('a daemon that cannot have its address', () => {
  test('exits with 1 and names the address if it is taken', async () => {
    const { url: redisUrl, prefix } = opened.space();
    const first = await opened.daemon({ redisUrl, prefix });

    expect(await complaintOf({ redisUrl, prefix, env: { QUOTA_LISTEN: first.target } })).toMatch(
      new RegExp(`ended with 1:[^]*cannot listen on ${first.target}: address in use`),
    );
  });
});

describe('a daemon whose password Redis does not take', () => {
  test('asked for anything it is UNAVAILABLE; the password is in no line of its log', async () => {
    const redis = await opened.redis();
    const redisUrl = redis.url.replace('//', '//etuservices:s3cret@');
    const daemon = await opened.daemon({
      redisUrl,
      policies: failingPolicies('deny'),
      env: { LOG_LEVEL: 'trace' },
    });
    const { code, message } = await failureOf(daemon.client.admit({ subject: '42', policy: 'connection' }));
    await until('a connection that failed', () =>
      daemon.log.some(({ msg }) => msg === 'redis cannot be reached'),
    );

    expect(code).toBe(status.UNAVAILABLE);
    expect(JSON.stringify([message, daemon.log])).not.toContain('s3cret');
  });
});

describe('a daemon whose address is taken', () => {
  test('exits with 1 and names the variable and the address without a stack', async () => {
    const first = await opened.daemon({ redisUrl: NOWHERE });

    const complaint = await complaintOf({ redisUrl: NOWHERE, env: { QUOTA_LISTEN: first.target } });

    expect(complaint).toContain(`QUOTA_LISTEN: cannot listen on ${first.target}: address in use`);
    expect(complaint).not.toMatch(/\n {4}at /);
  });
});

describe('a daemon that strangers would reach', () => {
  const beyond = { QUOTA_LISTEN: '0.0.0.0:0' };

  test('beyond loopback without authentication exits with 1 and says what to set', async () => {
    expect(await complaintOf({ redisUrl: NOWHERE, env: beyond })).toMatch(
      /ended with 1:\n.*cannot be used:\n {2}QUOTA_LISTEN 0\.0\.0\.0:0 is reached from other machines, and nothing says who may call: .*QUOTA_ALLOW_ANONYMOUS=yes-anyone-who-reaches-this-port\n$/,
    );
  });

  test('exits with 1 for "yes" in place of so many words', async () => {
    const env = { ...beyond, QUOTA_ALLOW_ANONYMOUS: 'yes' };

    expect(await complaintOf({ redisUrl: NOWHERE, env })).toContain(
      'QUOTA_ALLOW_ANONYMOUS must be unset, or',
    );
  });

  test('in so many words, starts', async () => {
    const env = { ...beyond, QUOTA_ALLOW_ANONYMOUS: 'yes-anyone-who-reaches-this-port' };

    expect(await complaintOf({ redisUrl: NOWHERE, env })).toBe('it started');
  });

  test('exits with 1 and names an access file and certificates that are not there', async () => {
    const env = {
      ...beyond,
      QUOTA_ACCESS: '/no/access',
      QUOTA_TLS_CERT: '/no/cert',
      QUOTA_TLS_KEY: '/no/key',
    };

    expect(await complaintOf({ redisUrl: NOWHERE, env })).toMatch(
      /\n {2}QUOTA_ACCESS \/no\/access cannot be read: ENOENT\n {2}\/no\/cert cannot be read: ENOENT\n$/,
    );
  });
});
