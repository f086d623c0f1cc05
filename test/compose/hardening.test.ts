import { describe, expect, test } from '@jest/globals';
import { compose, inside, inspect, SERVICES } from './docker';
import { describeHardened } from './hardened';

/** What each container publishes in the stack as it stands in docker-compose.yml, without the tests' own ports. */
async function publishedPorts(): Promise<Record<string, { host_ip?: string; target: number }[]>> {
  const text = await compose('-f', 'docker-compose.yml', 'config', '--format', 'json');
  const { services } = JSON.parse(text) as {
    services: Record<string, { ports?: { host_ip?: string; target: number }[] }>;
  };
  return Object.fromEntries(
    Object.entries(services).flatMap(([name, { ports }]) => (ports ? [[name, ports]] : [])),
  );
}

describeHardened(SERVICES);

describe('the images', () => {
  test.each([
    ['daemon', ['daemon', 'environment', 'gen', 'scripts', 'web']],
    ['web', ['client', 'environment', 'gen', 'scripts', 'web']],
  ] as const)('%s contains only production packages and compiled files', async (service, compiled) => {
    const app = await inside(service, 'sh', '-c', 'ls -A /app /app/dist');
    const packages = await inside(
      service,
      'sh',
      '-c',
      'ls -A /app/client /app/daemon /app/environment /app/web',
    );
    const tools = await inside(
      service,
      'sh',
      '-c',
      'ls /app/node_modules | grep -xE "typescript|jest|ts-proto"',
    );

    expect(app.text.split(/\s+/).filter(Boolean)).toEqual([
      ...[
        '/app:',
        'client',
        'daemon',
        'dist',
        'environment',
        'node_modules',
        'package-lock.json',
        'package.json',
        'web',
      ],
      ...['/app/dist:', ...compiled],
    ]);
    // Of the workspaces, what npm reads, and nothing to run.
    expect(packages.text.split(/\s+/).filter((name) => name !== '' && !name.endsWith(':'))).toEqual([
      'package.json',
      'package.json',
      'package.json',
      'package.json',
    ]);
    expect(tools.text).toBe('');
  });
});

describe('the network', () => {
  test('only the web tier and the daemon are published, on loopback', async () => {
    const ports = await publishedPorts();

    expect(Object.keys(ports).sort()).toEqual(['daemon', 'web']);
    expect(ports.daemon).toMatchObject([
      { host_ip: '127.0.0.1', target: 50051 },
      { host_ip: '127.0.0.1', target: 9464 },
    ]);
    expect(ports.web).toMatchObject([
      { host_ip: '127.0.0.1', target: 3000 },
      { host_ip: '127.0.0.1', target: 9465 },
    ]);
  });

  test('every port that is open on this machine is on loopback', async () => {
    const all = await Promise.all(SERVICES.map(inspect));
    const bindings = all.flatMap(({ NetworkSettings }) =>
      Object.values(NetworkSettings.Ports).flatMap((ports) => ports ?? []),
    );

    expect(new Set(bindings.map(({ HostIp }) => HostIp))).toEqual(new Set(['127.0.0.1']));
  });

  test('Redis is unreachable from the web tier by name and by address', async () => {
    const { NetworkSettings } = await inspect('redis');
    const networks = Object.entries(NetworkSettings.Networks);
    const address = networks.find(([name]) => name.endsWith('_store'))?.[1].IPAddress ?? '';
    const reaches = (host: string) =>
      `const s = require('node:net').connect(6379, '${host}'); const end = (x) => { console.log(x); process.exit(); };
       s.on('connect', () => end('reached')).on('error', () => end('refused')); setTimeout(end, 2000, 'refused');`;

    for (const host of ['redis', address]) {
      expect((await inside('web', 'node', '-e', reaches(host))).text.trim()).toBe('refused');
      expect((await inside('daemon', 'node', '-e', reaches(host))).text.trim()).toBe('reached');
    }
  });

  test('Redis answers nothing but a PING without the password', async () => {
    const { text } = await inside(
      'redis',
      'sh',
      '-c',
      'redis-cli --user health --pass x --no-auth-warning keys "*"; redis-cli dbsize',
    );

    expect(text).toContain('NOPERM');
    expect(text).toContain('NOAUTH');
  });

  test('Redis, configured to keep all and to forget nothing', async () => {
    const config =
      'REDISCLI_AUTH=$(cat /run/secrets/redis_password) redis-cli config get appendonly maxmemory-policy';
    const { text } = await inside('redis', 'sh', '-c', config);

    expect(text.split('\n').filter(Boolean)).toEqual(
      expect.arrayContaining(['appendonly', 'yes', 'maxmemory-policy', 'noeviction']),
    );
  });
});
