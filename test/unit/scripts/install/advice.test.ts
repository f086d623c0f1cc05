import { expect, test } from '@jest/globals';
import { advice } from '../../../../scripts/install/advice';
import { CHROMIUM, DATABASE, REDIS_CLI, REDIS_SERVER } from '../../../../scripts/install/install';

const SERVERS = [REDIS_SERVER, DATABASE];
const DEBIAN = { platform: 'linux', hasApt: true } as const;

const commands = (text: string) => text.split('\n').filter((line) => line.startsWith('  '));

test('advice: Debian without root gets the one command for all that is missing', () => {
  const text = advice({ needs: SERVERS, docker: 'Docker is not installed', system: DEBIAN });

  expect(text).toContain(
    'Redis (redis-server), MySQL or MariaDB (mariadbd or mysqld). Docker is not installed.',
  );
  expect(commands(text)).toEqual([
    '  sudo apt-get install --no-install-recommends redis-server mariadb-server-core mariadb-client-core',
  ]);
});

test('advice: macOS gets one command with each formula once', () => {
  const system = { platform: 'darwin', hasApt: false } as const;
  const text = advice({ needs: [...SERVERS, REDIS_CLI], docker: 'Docker is not installed', system });

  expect(commands(text)).toEqual(['  brew install redis mariadb']);
});

test('advice: another system learns what to install and that containers would do', () => {
  const system = { platform: 'linux', hasApt: false } as const;
  const text = advice({ needs: SERVERS, docker: 'Docker is not installed', system });

  expect(commands(text)).toEqual([]);
  expect(text).toContain('start a Docker engine');
});

test('advice: a program that no container replaces gets no word of Docker but of its variable', () => {
  const text = advice({ needs: [CHROMIUM], docker: undefined, system: DEBIAN });

  expect(text).not.toContain('Docker');
  expect(text).toContain('CHROMIUM_PATH');
});
