import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { unreadMarkersOf } from './console/blocks';
import { DOCUMENTS } from './console/documents';

const ROOT = join(__dirname, '..', '..');

test('markers: each of another place, or above something else than a console block is found', () => {
  const text = [
    '<!-- run -->',
    '```console',
    '$ one',
    '```',
    '<!-- before: zero -->',
    '<!-- run: stack -->',
    '```console',
    '$ two',
    '```',
    '<!-- run -->',
    '```sh',
    'three',
    '```',
    '`<!-- run -->` in a sentence',
  ].join('\n');

  expect(unreadMarkersOf('A.md', `${text}\n`, ['system', 'stack'])).toEqual(['A.md:10']);
  expect(unreadMarkersOf('A.md', `${text}\n`, ['system'])).toEqual(['A.md:6', 'A.md:10']);
});

test('markers: a test runs each that stands in a document', () => {
  const unread = markdownFiles().flatMap((file) => {
    const places = Object.entries(DOCUMENTS).flatMap(([place, files]) =>
      files.includes(file) ? [place] : [],
    );
    return unreadMarkersOf(file, readFileSync(join(ROOT, file), 'utf8'), places);
  });

  expect(unread).toEqual([]);
});

/** Those of the top folder, of the client package and, however deep, of the documentation. */
function markdownFiles(): string[] {
  const files = [
    ...readdirSync(ROOT),
    ...readdirSync(join(ROOT, 'client')).map((file) => join('client', file)),
    ...readdirSync(join(ROOT, 'docs'), { encoding: 'utf8', recursive: true }).map((file) =>
      join('docs', file),
    ),
  ];
  return files.filter((file) => file.endsWith('.md'));
}
