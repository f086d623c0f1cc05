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
  test('a file of the build has its address with the digest of its contents', () => {
    expect(loadAssets(folder).url('site.css')).toBe('/assets/site-AB12CD34.css');
  });

  test.each(['sight.css', 'constructor'])('%s, which the build has not made, is rejected by name', (name) => {
    expect(() => loadAssets(folder).url(name)).toThrow(`There is no asset named ${name}.`);
  });

  test('rejects at once a site without its build', () => {
    rmSync(join(folder, 'assets_manifest.json'));

    expect(() => loadAssets(folder)).toThrow('assets_manifest.json');
  });
});
