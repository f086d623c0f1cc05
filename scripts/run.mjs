// Runs one of the project's scripts on a bare machine: node scripts/run.mjs NAME [arguments…]
// Installs the packages, builds, then runs dist/scripts/NAME.js in this process. Quiet if nothing is to be done.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

// The oldest Node that can require() an ES module, as package.json's "engines" says.
const OLDEST_NODE = [20, 19];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [name = '', ...rest] = process.argv.slice(2);

refuseOldNode();
await prepareProject();
await run();

function refuseOldNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  giveUp(
    `Node ${OLDEST_NODE.join('.')} or later is needed; this is ${process.version}. See https://nodejs.org/`,
  );
}

async function prepareProject() {
  // Imported late, so that an old Node meets the message above and not a syntax that it does not know.
  const { prepare } = await import('./bootstrap/prepare.mjs');
  await prepare(root).catch((error) => giveUp(error.message));
}

async function run() {
  const script = join(root, 'dist', 'scripts', `${name}.js`);
  if (!/^[a-z_]+$/.test(name) || !existsSync(script)) {
    giveUp(`There is no script "${name}". Usage: node scripts/run.mjs NAME [arguments…]`);
  }
  process.argv = [process.argv[0], script, ...rest];
  await import(pathToFileURL(script).href);
}

function giveUp(message) {
  console.error(message);
  // A program that counts the tests gets the truth even if none could be started.
  if (name.startsWith('test')) console.log('0 passed, 1 failed');
  process.exit(1);
}
