import fs, { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { FileUnreadable, type Watched, watchFiles } from '../../../../environment/files/watched_files';
import { createFolder, type Folder } from '../../../helpers/access';
import { until } from '../../../helpers/wait';

const CHECK_INTERVAL_MS = 20;

const folders: Folder[] = [];
const watches: Watched<string>[] = [];
afterEach(() => {
  for (const watch of watches.splice(0)) watch.stop();
  for (const folder of folders.splice(0)) folder.remove();
});

/** Watches two files; what they say is joined, and may not say "bad". */
function watchTwo() {
  const folder = createFolder();
  folders.push(folder);
  const files = [folder.write('one', 'a'), folder.write('two', 'b')];
  const seen: string[] = [];
  const faults: string[] = [];
  const watched = watchFiles({
    files,
    read(contents) {
      const text = contents.map(String).join('');
      if (text.includes('bad')) throw new Error(`no good: ${text}`);
      return text;
    },
    onChange: (value) => seen.push(value),
    onFault: ({ message }) => faults.push(message),
    checkIntervalMs: CHECK_INTERVAL_MS,
  });
  watches.push(watched);
  return { folder, files, watched, seen, faults };
}

describe('watchFiles', () => {
  test('unchanged files are reported once and never again', async () => {
    const { watched, seen, faults } = watchTwo();
    await pause(CHECK_INTERVAL_MS * 6);

    expect([watched.current(), seen, faults]).toEqual(['ab', [], []]);
  });

  test('a file that is replaced gives the new value', async () => {
    const { folder, watched, seen } = watchTwo();
    folder.write('two', 'c');

    await until('the change', () => seen.length > 0);
    expect([watched.current(), seen]).toEqual(['ac', ['ac']]);
  });

  test('a file written over in place gives the new value', async () => {
    const { files, seen } = watchTwo();
    writeFileSync(String(files[0]), 'c');

    await until('the change', () => seen.length > 0);
    expect(seen).toEqual(['cb']);
  });

  test('a file that is written in pieces, taken only once it is the same twice', async () => {
    const folder = createFolder();
    folders.push(folder);
    const file = folder.write('one', 'a');
    // Each reading finds the file at another stage, until it is whole.
    const stages = ['b', 'b1', 'b12', 'b123'];
    const seen: string[] = [];
    const read = jest
      .spyOn(fs, 'readFileSync')
      .mockImplementation(() => Buffer.from(stages.shift() ?? 'b123'));
    try {
      stages.unshift('a');
      const watched = watchFiles({
        files: [file],
        read: ([contents]) => String(contents),
        onChange: (value) => seen.push(value),
        onFault: () => undefined,
        checkIntervalMs: CHECK_INTERVAL_MS,
      });
      watches.push(watched);
      await until('the change', () => seen.length > 0);
    } finally {
      read.mockRestore();
    }

    expect(seen).toEqual(['b123']);
  });

  test('an invalid change is reported once, and the old value stays', async () => {
    const { folder, watched, seen, faults } = watchTwo();
    folder.write('one', 'bad');
    await until('the fault', () => faults.length > 0);
    await pause(CHECK_INTERVAL_MS * 6);

    expect([watched.current(), seen, faults]).toEqual(['ab', [], ['no good: badb']]);
  });

  test('a missing file is reported once, and the old value stays until it is back', async () => {
    const { folder, files, watched, seen, faults } = watchTwo();
    rmSync(String(files[1]));
    await until('the fault', () => faults.length > 0);
    expect([watched.current(), faults]).toEqual(['ab', [`${files[1]} cannot be read: ENOENT`]]);

    folder.write('two', 'c');
    await until('the change', () => seen.length > 0);
    expect([watched.current(), seen, faults.length]).toEqual(['ac', ['ac'], 1]);
  });

  test('once stopped, no change is reported', async () => {
    const { folder, watched, seen } = watchTwo();
    watched.stop();
    folder.write('one', 'c');
    await pause(CHECK_INTERVAL_MS * 6);

    expect([watched.current(), seen]).toEqual(['ab', []]);
  });

  test('a file that is not there at the start is thrown', () => {
    const watch = () =>
      watchFiles({ files: [join(__dirname, 'absent')], read: () => '', onFault: () => undefined });

    expect(watch).toThrow(FileUnreadable);
  });
});
