import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { apiReference } from '../../scripts/docs/api_reference';

const root = join(__dirname, '..', '..');

test('docs/api.md describes the proto files as they are; if not: npm run docs:api', () => {
  expect(readFileSync(join(root, 'docs', 'api.md'), 'utf8')).toBe(apiReference(join(root, 'proto')));
});
