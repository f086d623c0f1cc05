import { expect, test } from '@jest/globals';
import { commandsOf, filesOf } from './console/blocks';
import { agrees } from './console/compare';

test.each([
  ['the same text', 'a\nb\n', 'a\nb', true],
  ['another line', 'a\nb\n', 'a\nc\n', false],
  ['a line more', 'a\n', 'a\nb\n', false],
  ['a dot for any character', 'a.c', 'abc', false],
  ['lines that are left out', 'a\n…\nd\n', 'a\nb\nc\nd\n', true],
  ['lines that are left out, indented', 'a\n  …\nd\n', 'a\n  b\nd\n', true],
  ['no lines that are left out', 'a\n…\nd\n', 'a\nd\n', true],
  ['a wrong line after those left out', 'a\n…\nd\n', 'a\nb\ne\n', false],
  ['another moment', 'at 2026-01-02T03:04:05.678Z', 'at 2026-11-26T09:00:00Z', true],
  ['another fraction of a duration', '"599.966855s"', '"3.1s"', true],
  ['another whole duration', '"600s"', '"599s"', false],
  ['another port', 'anonymous@127.0.0.1:32928', 'anonymous@127.0.0.1:1', true],
  ['JSON, laid out otherwise', '{ "a": 1, "b": ["x"] }', '{"b":["x"],"a":1}', true],
  ['JSON with another value', '{ "a": 1 }', '{"a":2}', false],
  ['JSON with a member more', '{ "a": 1 }', '{"a":1,"b":2}', false],
  ['the bytes of another id', '1) "\\x05d!\\x14"', '1) "^)\\xb4 \\x9a"', true],
  ['the bytes of an id with a quote in it', '1) "\\x05d!"', '1) "5\\"\\t\\xa6"', true],
  ['something left out in a line', '{"level":30,…,"msg":"kept"}', '{"level":30,"n":1,"msg":"kept"}', true],
  [
    'something left out before another end',
    '{"level":30,…,"msg":"kept"}',
    '{"level":30,"msg":"lost"}',
    false,
  ],
  ['another time since a start', 'Up 12 seconds (healthy)', 'Up About a minute (healthy)', true],
  ['another state', 'Up 12 seconds (healthy)', 'Up 12 seconds (starting)', false],
  ['columns of another width', 'NAME   STATUS', 'NAME       STATUS', true],
  ['another token', `quota_${'a'.repeat(43)}`, `quota_${'-'.repeat(43)}`, true],
  ['a token cut short', `quota_${'a'.repeat(43)}`, `quota_${'a'.repeat(42)}`, false],
  ['another digest', 'a'.repeat(64), '0'.repeat(64), true],
  ['what another backup holds', 'mysql_rows: 7', 'mysql_rows: 12', true],
  ['what is not in a backup', 'mysql_rows: 7', 'mysql_rows: none', false],
  ['other words in quotes', '1) "vente"', '1) "achat"', false],
])('compare: %s', (_, shown, printed, isSame) => {
  expect(agrees(shown, printed)).toBe(isSame);
});

test('blocks: only marked commands are read, with their output and their place', () => {
  const text = [
    'Text.',
    '```console',
    '$ unmarked',
    '```',
    '<!-- before: zero -->',
    '<!-- run -->',
    '```console',
    '$ one \\',
    '    two',
    'printed',
    '',
    '$ three',
    '```',
    '<!-- run: stack -->',
    '```console',
    '$ docker compose ps',
    '```',
    '<!-- run: daemon -->',
    '```console',
    '$ node main.js',
    '```',
  ].join('\n');

  expect(commandsOf('A.md', `${text}\n`, 'system')).toEqual([
    { place: 'A.md:6', line: 'zero', output: undefined },
    { place: 'A.md:8', line: 'one \\\n    two', output: 'printed\n\n' },
    { place: 'A.md:12', line: 'three', output: '' },
  ]);
  expect(commandsOf('A.md', `${text}\n`, 'stack').map(({ line }) => line)).toEqual(['docker compose ps']);
  expect(commandsOf('A.md', `${text}\n`, 'daemon').map(({ line }) => line)).toEqual(['node main.js']);
});

test('blocks: a block whose first line is a file’s name is that file', () => {
  const text = '```sh\n# a.sh\necho a\n```\n```sh\n# no name\n```\n```yaml\n# b.yaml\nb: 1\n```\n';

  expect([...filesOf(text)]).toEqual([
    ['a.sh', 'echo a\n'],
    ['b.yaml', 'b: 1\n'],
  ]);
});
