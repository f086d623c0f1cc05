import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { expect, test } from '@jest/globals';

const root = join(__dirname, '..', '..');

const documents = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', ...markdownOf('docs')];

function markdownOf(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file));
}

/** What the tests are called in the commands that run some of them. */
const tests = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts') && !file.startsWith('compose'))
  .map((file) => join('test', file).split(sep).join('/'));

/** Example: `npm test -- redis_cli` names one pattern. Options are jest's own. */
function patternsOf(file: string): { file: string; pattern: string }[] {
  const text = readFileSync(join(root, file), 'utf8');
  const commands = [...text.matchAll(/npm (?:test|run test:stores) -- ([^`\n#]+)/g)].map(
    ([, words = '']) => words,
  );
  return commands
    .flatMap((words) => words.trim().split(/\s+/))
    .filter((word) => /^\w/.test(word))
    .map((pattern) => ({ file, pattern }));
}

const patterns = documents.flatMap(patternsOf);

test('the documents name tests that exist', () => {
  expect(patterns.length).toBeGreaterThan(20);
  const missing = patterns.filter(
    ({ pattern }) => !tests.some((path) => new RegExp(pattern, 'i').test(path)),
  );
  expect(missing).toEqual([]);
});
