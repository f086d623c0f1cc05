// Builds the project: proto/ → gen/ → dist/. Does nothing where nothing that it reads has changed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE_FOLDERS = ['daemon', 'web', 'scripts', 'environment', join('test', 'bench')];
const ASSET_FOLDERS = ['daemon', 'web'];

// What reflection shows to the callers, with the comments of the .proto files.
const DESCRIPTORS = {
  [join('gen', 'descriptors.binpb')]: '.',
  [join('gen', 'health.binpb')]: join('node_modules', 'grpc-health-check', 'proto'),
};
const STAMP = '.stamp';

/**
 * Generates the stubs and the descriptors, compiles, and copies what is read at run time beside the compiled files.
 * @param {string} root
 */
export function build(root) {
  generate(root);
  compile(root);
}

function generate(root) {
  const inputs = ['package-lock.json', 'buf.yaml', 'buf.gen.yaml', ...filesUnder(root, 'proto', isProto)];
  const stamp = fingerprint(root, inputs);
  const outputs = Object.keys(DESCRIPTORS);
  if (outputs.every((file) => existsSync(join(root, file))) && stampOf(join(root, 'gen')) === stamp) return;
  announce();
  runTool(root, 'buf', ['generate']);
  for (const [output, input] of Object.entries(DESCRIPTORS))
    runTool(root, 'buf', ['build', input, '-o', output]);
  writeFileSync(join(root, 'gen', STAMP), stamp);
}

function compile(root) {
  const assets = ASSET_FOLDERS.flatMap((folder) => filesUnder(root, folder, isAsset)).concat(
    Object.keys(DESCRIPTORS),
  );
  const sources = [...SOURCE_FOLDERS, 'gen'].flatMap((folder) => filesUnder(root, folder, isSource));
  const settings = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];
  const stamp = fingerprint(root, [...settings, ...sources, ...assets]);
  if (stampOf(join(root, 'dist')) === stamp) return;
  announce();
  rmSync(join(root, 'dist', STAMP), { force: true });
  runTool(root, 'tsc', ['-p', 'tsconfig.build.json']);
  for (const asset of assets) copy(join(root, asset), join(root, 'dist', asset));
  removeStale(root, new Set([...assets, ...sources.flatMap(outputsOf)]));
  writeFileSync(join(root, 'dist', STAMP), stamp);
}

let announced = false;
function announce() {
  if (!announced) console.error('Building …');
  announced = true;
}

function runTool(root, tool, args) {
  const bin = join(root, 'node_modules', '.bin');
  const { status, error } = spawnSync(join(bin, tool), args, {
    cwd: root,
    // buf finds its plugin on PATH; standard input and output belong to the script that is run afterwards.
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` },
    stdio: ['ignore', 2, 2],
  });
  if (error) throw new Error(`The build failed: ${tool} could not be started: ${error.message}`);
  if (status !== 0) throw new Error(`The build failed: ${tool} ${args.join(' ')} (see above).`);
}

/** Deletes what earlier builds made of sources that are gone. */
function removeStale(root, expected) {
  const dist = join(root, 'dist');
  for (const file of filesUnder(dist, '.', () => true)) {
    if (!expected.has(file)) rmSync(join(dist, file));
  }
  for (const folder of foldersUnder(dist)) {
    if (readdirSync(folder).length === 0) rmSync(folder, { recursive: true });
  }
}

/** The folders below, the deepest first. */
function foldersUnder(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => [...foldersUnder(join(folder, entry.name)), join(folder, entry.name)]);
}

function filesUnder(root, folder, wanted) {
  const path = join(root, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && wanted(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

const isProto = (name) => name.endsWith('.proto');
const isSource = (name) => name.endsWith('.ts');
const isAsset = (name) => !(name.startsWith('.') || name.endsWith('.ts') || name.endsWith('.md'));
const outputsOf = (source) => ['.js', '.js.map'].map((ending) => source.replace(/\.ts$/, ending));

/** Of the contents and not of the dates: a checkout changes dates, and a deleted file has none. */
function fingerprint(root, files) {
  const hash = createHash('sha256');
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  return hash.digest('hex');
}

function stampOf(folder) {
  const file = join(folder, STAMP);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function copy(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const { takeTurn } = await import('./turn.mjs');
  const { installPackages } = await import('./packages.mjs');
  try {
    await takeTurn(join(root, '.local', 'prepare.lock'), async () => {
      installPackages(root);
      build(root);
    });
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
