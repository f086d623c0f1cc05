import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const ROOT = join(__dirname, '../../..');

test('docker-compose.yml, images of the version in package.json', () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const named = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8').matchAll(
    /\$\{QUOTA_VERSION:-([^}]*)\}/g,
  );
  const versions = [...named].map(([, given]) => given);

  expect(versions.length).toBeGreaterThanOrEqual(4);
  expect(new Set(versions)).toEqual(new Set([version]));
});
