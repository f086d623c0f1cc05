// daemon/, web/, scripts/, … → dist/
import { join, sep } from 'node:path';
import { step } from '../step.mjs';
import { ASSETS, BROWSER_FOLDERS, MANIFEST } from './bundle.mjs';
import { copy, filesUnder, fingerprint, removeStale, removeStamp, stampOf, writeStamp } from './files.mjs';
import { DESCRIPTORS } from './generate.mjs';
import { runTool } from './tools.mjs';

const SOURCE_FOLDERS = ['daemon', 'web', 'scripts', 'environment', 'client', join('test', 'bench')];
const READ_AT_RUN_TIME = ['daemon', 'web', join('scripts', 'demo')];

/** Compiles, and copies what is read at run time beside the compiled files. */
export async function compile(root) {
  const copied = READ_AT_RUN_TIME.flatMap((folder) => filesUnder(root, folder, isCopied))
    .filter(isOfServer)
    .concat(Object.keys(DESCRIPTORS));
  const sources = [...SOURCE_FOLDERS, 'gen']
    .flatMap((folder) => filesUnder(root, folder, isSource))
    .filter(isOfServer);
  const settings = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];
  const stamp = fingerprint(root, [...settings, ...sources, ...copied]);
  const dist = join(root, 'dist');
  if (stampOf(dist) === stamp) return;
  removeStamp(dist);
  await step('Compiling', () => runTool(root, 'tsc', ['-p', 'tsconfig.build.json']));
  for (const file of copied) copy(join(root, file), join(dist, file));
  const bundled = filesUnder(dist, ASSETS, () => true);
  removeStale(dist, new Set([...copied, ...sources.flatMap(outputsOf), ...bundled, MANIFEST]));
  writeStamp(dist, stamp);
}

const isSource = (name) => /\.tsx?$/.test(name);
const isCopied = (name) => !(name.startsWith('.') || name === 'package.json' || /\.(tsx?|md)$/.test(name));
// What is packed for others is compiled apart: see pack_client.mjs.
const NOT_COMPILED = [...BROWSER_FOLDERS, join('client', 'lib')];
const isOfServer = (file) => !NOT_COMPILED.some((folder) => file.startsWith(`${folder}${sep}`));
const outputsOf = (source) => ['.js', '.js.map'].map((ending) => source.replace(/\.tsx?$/, ending));
