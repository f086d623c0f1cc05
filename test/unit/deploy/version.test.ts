import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const ROOT = join(__dirname, '../../..');

test.each([
  ['docker-compose.yml', 4],
  ['docker-compose.cluster.yml', 2],
])('%s has images of the version in package.json', (file, count) => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const named = readFileSync(join(ROOT, file), 'utf8').matchAll(/\$\{QUOTA_VERSION:-([^}]*)\}/g);
  const versions = [...named].map(([, given]) => given);

  expect(versions.length).toBeGreaterThanOrEqual(count);
  expect(new Set(versions)).toEqual(new Set([version]));
});

test('client/package.json has the version in package.json', () => {
  const versionIn = (folder: string) =>
    (JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as { version: string }).version;

  expect(versionIn('client')).toBe(versionIn('.'));
});
