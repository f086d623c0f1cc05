import { expect, test } from '@jest/globals';
import { inside } from './docker';

const OF_THE_SITE = ['express', 'mysql2', 'argon2', '@zxcvbn-ts'];
const OF_REDIS = ['ioredis', 'cluster-key-slot', '@grpc/reflection'];
const OF_DEVELOPERS = ['typescript', 'jest', '@biomejs', 'esbuild'];

/** Which of the packages lie in the service's image. */
async function present(service: 'daemon' | 'web', packages: readonly string[]): Promise<string[]> {
  const folders = packages.map((name) => `node_modules/${name}`);
  const { text } = await inside(service, 'sh', '-c', `ls -d ${folders.join(' ')} 2>/dev/null`);
  return folders.filter((folder) => text.split('\n').includes(folder));
}

test('images: the daemon’s has nothing of the site and none of the tools', async () => {
  expect(await present('daemon', ['ioredis'])).toEqual(['node_modules/ioredis']);
  expect(await present('daemon', [...OF_THE_SITE, ...OF_DEVELOPERS])).toEqual([]);
});

test('images: the site’s has nothing of Redis and none of the tools', async () => {
  expect(await present('web', ['express'])).toEqual(['node_modules/express']);
  expect(await present('web', [...OF_REDIS, ...OF_DEVELOPERS])).toEqual([]);
});

test('images: the files of each program are in its own image alone', async () => {
  expect((await inside('daemon', 'ls', 'dist/daemon/main.js')).code).toBe(0);
  expect((await inside('daemon', 'ls', 'dist/web/main.js')).code).not.toBe(0);
  expect((await inside('web', 'ls', 'dist/web/main.js')).code).toBe(0);
  expect((await inside('web', 'ls', 'dist/daemon')).code).not.toBe(0);
  expect((await inside('web', 'ls', 'dist/client/quota_client.js')).code).toBe(0);
  expect((await inside('daemon', 'ls', 'dist/client')).code).not.toBe(0);
});
