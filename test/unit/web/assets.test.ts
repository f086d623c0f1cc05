import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { loadAssets } from '../../../web/assets';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quota-assets-'));
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'assets_manifest.json'), '{ "site.css": "site-AB12CD34.css" }');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('assets', () => {
  test('a file of the build, its address with the mark of its contents', () => {
    expect(loadAssets(folder).url('site.css')).toBe('/assets/site-AB12CD34.css');
  });

  test.each(['sight.css', 'constructor'])('%s, which the build has not made, refused by name', (name) => {
    expect(() => loadAssets(folder).url(name)).toThrow(`There is no asset named ${name}.`);
  });

  test('no build, refused at once', () => {
    rmSync(join(folder, 'assets_manifest.json'));

    expect(() => loadAssets(folder)).toThrow('assets_manifest.json');
  });
});
