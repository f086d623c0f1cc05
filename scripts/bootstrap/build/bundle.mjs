// web/browser/, web/public/ → dist/web/assets/, and a manifest of the files' names there.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { step } from '../step.mjs';
import { filesUnder, fingerprint, removeStale, removeStamp, stampOf, writeStamp } from './files.mjs';
import { runTool } from './tools.mjs';

/** What goes to the browser, and not to the server. */
export const BROWSER_FOLDERS = [join('web', 'browser'), join('web', 'public')];

/** Below dist/: the files that are served, and their names by the names of their sources. */
export const ASSETS = join('web', 'assets');
export const MANIFEST = join('web', 'assets_manifest.json');

// Beside the manifest, for it is read only here.
const METAFILE = '.metafile.json';

const OPTIONS = [
  '--bundle',
  '--minify',
  '--format=iife',
  '--target=es2022',
  // The name changes with the contents, so a browser may keep a file forever.
  '--entry-names=[name]-[hash]',
  '--asset-names=[name]-[hash]',
  '--loader:.svg=copy',
  '--loader:.woff2=file',
  '--log-level=warning',
];

/** Bundles the browser's files, each under a name made from its contents. */
export async function bundle(root) {
  const dist = join(root, 'dist');
  const folder = join(dist, ASSETS);
  // The browser scripts share modules with the server.
  const stamp = fingerprint(root, [
    'package-lock.json',
    'tsconfig.json',
    join('scripts', 'bootstrap', 'build', 'bundle.mjs'),
    ...['environment', 'web'].flatMap((folder) => filesUnder(root, folder, (name) => !name.startsWith('.'))),
  ]);
  if (existsSync(join(dist, MANIFEST)) && stampOf(folder) === stamp) return;
  removeStamp(folder);
  const metafile = join(folder, METAFILE);
  await step('Bundling what goes to the browser', () =>
    runTool(root, 'esbuild', [
      ...entryPoints(root),
      ...OPTIONS,
      `--outdir=${folder}`,
      `--metafile=${metafile}`,
    ]),
  );
  const { outputs } = JSON.parse(readFileSync(metafile, 'utf8'));
  writeFileSync(join(dist, MANIFEST), `${JSON.stringify(manifestOf(outputs), undefined, 2)}\n`);
  removeStale(folder, new Set(Object.keys(outputs).map((file) => basename(file))));
  writeStamp(folder, stamp);
}

/** Files in folders below are parts of these. */
function entryPoints(root) {
  return BROWSER_FOLDERS.flatMap((folder) =>
    filesUnder(root, folder, isEntryPoint).filter((file) => dirname(file) === folder),
  );
}

/** Example: { "site.js": "site-AB12CD34.js" } */
function manifestOf(outputs) {
  const entries = Object.entries(outputs).map(([file, output]) => [sourceOf(output), basename(file)]);
  return Object.fromEntries(
    entries.filter(([source]) => source).map(([source, name]) => [nameOf(source), name]),
  );
}

/** A script or style is made from its entry point, a font from the one file that it is. */
function sourceOf({ entryPoint, inputs }) {
  return entryPoint ?? Object.keys(inputs)[0];
}

const isEntryPoint = (name) => /\.(ts|css|svg)$/.test(name);
const nameOf = (source) => basename(source).replace(/\.ts$/, '.js');
