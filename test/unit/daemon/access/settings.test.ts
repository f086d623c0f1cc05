import { describe, expect, test } from '@jest/globals';
import { readConfig } from '../../../../daemon/config';
import { ConfigInvalid } from '../../../../environment/config_invalid';

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigInvalid) return error.faults;
    throw error;
  }
}

const ACCESS = { QUOTA_ACCESS: '/etc/quota/access.yaml' };
const TLS = { QUOTA_TLS_CERT: '/etc/quota/daemon.pem', QUOTA_TLS_KEY: '/etc/quota/daemon.key' };
const CLIENT_CA = { QUOTA_TLS_CLIENT_CA: '/etc/quota/clients.pem' };
const ANONYMOUS = { QUOTA_ALLOW_ANONYMOUS: 'yes-anyone-who-reaches-this-port' };
const PLAINTEXT = { QUOTA_ALLOW_PLAINTEXT: 'yes-the-network-is-trusted' };

const nobodyIsAsked = (listen: string) =>
  `QUOTA_LISTEN ${listen} is reached from other machines, and nothing says who may call: set QUOTA_ACCESS (tokens) or QUOTA_TLS_CLIENT_CA (client certificates), or else QUOTA_ALLOW_ANONYMOUS=yes-anyone-who-reaches-this-port`;
const inTheClear = (listen: string) =>
  `QUOTA_LISTEN ${listen} is reached from other machines, and tokens would cross the network in the clear: set QUOTA_TLS_CERT and QUOTA_TLS_KEY, or else QUOTA_ALLOW_PLAINTEXT=yes-the-network-is-trusted`;

const BEYOND = ['0.0.0.0:50051', '[::]:50051', '10.1.2.3:1', 'quota.example:50051', '128.0.0.1:1', '[::2]:1'];

describe('readConfig, the access', () => {
  test('every variable is accepted as it is', () => {
    const env = { ...ACCESS, ...TLS, ...CLIENT_CA, QUOTA_REFLECTION: 'off' };

    expect(readConfig(env).access).toEqual({
      file: '/etc/quota/access.yaml',
      tls: {
        identity: { certificateFile: '/etc/quota/daemon.pem', keyFile: '/etc/quota/daemon.key' },
        authorityFile: '/etc/quota/clients.pem',
      },
      reflection: false,
    });
  });

  test('a fault in every variable: all are reported at once', () => {
    const env = {
      QUOTA_LISTEN: '0.0.0.0:50051',
      QUOTA_TLS_KEY: '/etc/quota/daemon.key',
      QUOTA_REFLECTION: 'true',
      QUOTA_ALLOW_ANONYMOUS: 'yes',
      QUOTA_ALLOW_PLAINTEXT: '1',
    };

    expect(faultsOf(env)).toEqual([
      'QUOTA_REFLECTION must be on or off',
      'QUOTA_ALLOW_ANONYMOUS must be unset, or yes-anyone-who-reaches-this-port',
      'QUOTA_ALLOW_PLAINTEXT must be unset, or yes-the-network-is-trusted',
      'QUOTA_TLS_CERT is required beside QUOTA_TLS_KEY',
      nobodyIsAsked('0.0.0.0:50051'),
    ]);
  });

  test.each([
    [{ QUOTA_TLS_CERT: 'a' }, 'QUOTA_TLS_KEY is required beside QUOTA_TLS_CERT'],
    [{ QUOTA_TLS_KEY: 'a' }, 'QUOTA_TLS_CERT is required beside QUOTA_TLS_KEY'],
    [CLIENT_CA, 'QUOTA_TLS_CERT is required beside QUOTA_TLS_CLIENT_CA'],
  ])('%j alone is rejected', (env, expected) => {
    expect(faultsOf(env as Record<string, string>)).toEqual([expected]);
  });
});

describe('readConfig, a daemon that is reached from other machines', () => {
  test.each(BEYOND)('%s without authentication is rejected', (listen) => {
    expect(faultsOf({ QUOTA_LISTEN: listen })).toEqual([nobodyIsAsked(listen)]);
  });

  test.each(BEYOND)('%s with tokens in plaintext is rejected', (listen) => {
    expect(faultsOf({ QUOTA_LISTEN: listen, ...ACCESS })).toEqual([inTheClear(listen)]);
  });

  test('TLS alone, which authenticates nobody, is rejected', () => {
    expect(faultsOf({ QUOTA_LISTEN: '0.0.0.0:1', ...TLS })).toEqual([nobodyIsAsked('0.0.0.0:1')]);
  });

  test.each([
    ['anyone, in so many words', ANONYMOUS],
    ['tokens over TLS', { ...ACCESS, ...TLS }],
    ['client certificates', { ...TLS, ...CLIENT_CA }],
    ['tokens in plaintext, in so many words', { ...ACCESS, ...PLAINTEXT }],
  ])('%s is accepted', (_, env) => {
    expect(faultsOf({ QUOTA_LISTEN: '0.0.0.0:50051', ...env })).toEqual([]);
  });

  test('the word for plaintext does not open the daemon to anyone', () => {
    expect(faultsOf({ QUOTA_LISTEN: '0.0.0.0:1', ...PLAINTEXT })).toEqual([nobodyIsAsked('0.0.0.0:1')]);
  });
});

describe('readConfig, a daemon that this machine alone reaches', () => {
  test.each(['127.0.0.1:0', '127.8.9.1:50051', 'localhost:50051', 'LOCALHOST:1', '[::1]:50051'])(
    '%s without authentication is accepted',
    (listen) => {
      expect(faultsOf({ QUOTA_LISTEN: listen })).toEqual([]);
    },
  );
});
