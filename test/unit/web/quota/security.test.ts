import { describe, expect, test } from '@jest/globals';
import { readConfig } from '../../../../web/config';

const TOKEN = { QUOTA_TOKEN_FILE: '/run/secrets/token' };
const CA = { QUOTA_TLS_CA: '/etc/quota/ca.pem' };
const CERTIFICATE = {
  QUOTA_TLS_CLIENT_CERT: '/etc/quota/web.pem',
  QUOTA_TLS_CLIENT_KEY: '/etc/quota/web.key',
};

const IN_THE_CLEAR =
  'QUOTA_TOKEN_FILE: the token would cross the network in the clear; set QUOTA_TLS_CA, or else QUOTA_ALLOW_PLAINTEXT=yes-the-network-is-trusted';

function faultsOf(env: Record<string, string>): string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    return (error as Error).message
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
  }
}

describe('web config, how the daemon is reached', () => {
  test('nothing set means plaintext and no token', () => {
    expect(readConfig({}).quotaSecurity).toEqual({ tls: undefined, tokenFile: undefined });
  });

  test('every variable is accepted as it is', () => {
    expect(readConfig({ ...TOKEN, ...CA, ...CERTIFICATE }).quotaSecurity).toEqual({
      tls: {
        authorityFile: '/etc/quota/ca.pem',
        identity: { certificateFile: '/etc/quota/web.pem', keyFile: '/etc/quota/web.key' },
      },
      tokenFile: '/run/secrets/token',
    });
  });

  test.each([
    [{ ...CA, QUOTA_TLS_CLIENT_CERT: 'a' }, 'QUOTA_TLS_CLIENT_CERT: goes together with QUOTA_TLS_CLIENT_KEY'],
    [{ ...CA, QUOTA_TLS_CLIENT_KEY: 'a' }, 'QUOTA_TLS_CLIENT_CERT: goes together with QUOTA_TLS_CLIENT_KEY'],
    [CERTIFICATE, 'QUOTA_TLS_CA: is required beside QUOTA_TLS_CLIENT_CERT'],
    [
      { QUOTA_ALLOW_PLAINTEXT: 'yes' },
      'QUOTA_ALLOW_PLAINTEXT: is neither unset nor yes-the-network-is-trusted',
    ],
  ])('%j is rejected', (env, expected) => {
    expect(faultsOf(env as Record<string, string>)).toEqual([expected]);
  });

  test.each([
    'daemon:50051',
    '10.1.2.3:50051',
    '[::2]:50051',
    'dns:///daemon:50051',
    'ipv4:127.0.0.1:1,10.1.2.3:1',
    '127.0.0.1.example:50051',
    'localhost.example:50051',
  ])('a token in plaintext to %s is rejected', (target) => {
    expect(faultsOf({ ...TOKEN, QUOTA_TARGET: target })).toEqual([IN_THE_CLEAR]);
  });

  test.each([
    '127.0.0.1:50051',
    'localhost:50051',
    '[::1]:50051',
    'dns:///localhost:50051',
    'ipv4:127.0.0.1:1,127.0.0.2:1',
    'unix:/run/quota.sock',
  ])('a token in plaintext to %s is accepted', (target) => {
    expect(faultsOf({ ...TOKEN, QUOTA_TARGET: target })).toEqual([]);
  });

  test('a token in plaintext to another machine is accepted if a setting says so in so many words', () => {
    const env = {
      ...TOKEN,
      QUOTA_TARGET: 'daemon:50051',
      QUOTA_ALLOW_PLAINTEXT: 'yes-the-network-is-trusted',
    };

    expect(faultsOf(env)).toEqual([]);
  });
});
