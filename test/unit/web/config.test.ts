import { describe, expect, test } from '@jest/globals';
import { readConfig } from '../../../web/config';

const SECRET = 's'.repeat(32);

function faultsOf(env: NodeJS.ProcessEnv): string {
  try {
    readConfig(env);
  } catch (error) {
    return (error as Error).message;
  }
  return 'no fault';
}

describe('config', () => {
  test('config: an empty environment means the defaults of the documentation', () => {
    expect(readConfig({})).toMatchObject({
      mysqlUrl: 'mysql://etuservices@127.0.0.1:3306/etuservices',
      listen: { host: '127.0.0.1', port: 3000 },
      quotaTarget: '127.0.0.1:50051',
      logLevel: 'info',
      trustProxy: undefined,
      timeZone: 'Europe/Paris',
      offersSignUp: true,
      sessionSecretIsTemporary: true,
    });
  });

  test('config: no secret in development, a new one at each start', () => {
    expect(readConfig({}).sessionSecret).not.toBe(readConfig({}).sessionSecret);
    expect(readConfig({}).sessionSecret.length).toBeGreaterThanOrEqual(32);
  });

  test('config: an empty variable counts as unset', () => {
    expect(readConfig({ LOG_LEVEL: '', SESSION_SECRET: '' }).logLevel).toBe('info');
  });

  test('config: five faults, all of them are listed with their variables', () => {
    const message = faultsOf({
      MYSQL_URL: 'http://db/etu',
      WEB_LISTEN: '127.0.0.1:70000',
      QUOTA_TARGET: 'nowhere',
      SESSION_SECRET: 'short',
      LOG_LEVEL: 'loud',
    });
    expect(message.split('\n').slice(1)).toEqual([
      '  MYSQL_URL: is not of the form mysql://user:password@host:port/database',
      '  WEB_LISTEN: is not of the form host:port or [address]:port',
      '  QUOTA_TARGET: is not of the form host:port',
      '  SESSION_SECRET: has fewer than 32 characters',
      '  LOG_LEVEL: is not one of trace, debug, info, warn, error, fatal, silent',
    ]);
  });

  test('config: a password or a secret at fault is not shown', () => {
    const message = faultsOf({ MYSQL_URL: 'mysql://me:hunter2@db', SESSION_SECRET: 'hunter3' });
    expect(message).toContain('MYSQL_URL');
    expect(message).not.toMatch(/hunter/);
  });

  test('config: production without a secret is refused along with the other faults', () => {
    const message = faultsOf({ NODE_ENV: 'production', LOG_LEVEL: 'loud' });
    expect(message).toContain('SESSION_SECRET: is required in production');
    expect(message).toContain('LOG_LEVEL');
  });

  test('config: production with a secret is accepted', () => {
    const config = readConfig({ NODE_ENV: 'production', SESSION_SECRET: SECRET });
    expect(config).toMatchObject({ sessionSecret: SECRET, sessionSecretIsTemporary: false });
  });

  test.each([
    ['[::1]:3000', { host: '::1', port: 3000 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
  ])('config: WEB_LISTEN %s is understood', (value, expected) => {
    expect(readConfig({ WEB_LISTEN: value }).listen).toEqual(expected);
  });

  test.each(['3000', 'localhost', ':3000', '[nonsense]:3000', '::1:3000'])(
    'config: WEB_LISTEN %s is refused',
    (value) => {
      expect(faultsOf({ WEB_LISTEN: value })).toContain('WEB_LISTEN');
    },
  );

  test('config: WEB_TIME_ZONE that is known is taken', () => {
    expect(readConfig({ WEB_TIME_ZONE: 'America/Guadeloupe' }).timeZone).toBe('America/Guadeloupe');
  });

  test('config: WEB_TIME_ZONE that is unknown is refused', () => {
    expect(faultsOf({ WEB_TIME_ZONE: 'Paris' })).toContain(
      'WEB_TIME_ZONE: is not a time zone such as Europe/Paris',
    );
  });

  test.each([
    [{}, true],
    [{ NODE_ENV: 'production' }, false],
    [{ NODE_ENV: 'production', WEB_SIGN_UP: 'on' }, true],
    [{ WEB_SIGN_UP: 'off' }, false],
    [{ WEB_SIGN_UP: '' }, true],
  ])('config: sign-up with %j is offered: %s', (env, expected) => {
    expect(readConfig({ SESSION_SECRET: SECRET, ...env }).offersSignUp).toBe(expected);
  });

  test('config: WEB_SIGN_UP that is neither on nor off is refused', () => {
    expect(faultsOf({ WEB_SIGN_UP: 'yes' })).toContain('WEB_SIGN_UP: is neither on nor off');
  });

  test.each([
    ['1', 1],
    ['loopback', ['loopback']],
    ['10.0.0.0/8, ::1', ['10.0.0.0/8', '::1']],
  ])('config: WEB_TRUST_PROXY %s is understood', (value, expected) => {
    expect(readConfig({ WEB_TRUST_PROXY: value }).trustProxy).toEqual(expected);
  });

  test('config: WEB_TRUST_PROXY true is refused since anyone could then write any address', () => {
    expect(faultsOf({ WEB_TRUST_PROXY: 'true' })).toContain('WEB_TRUST_PROXY');
  });
});
