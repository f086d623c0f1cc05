// Brings node_modules in line with package-lock.json.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Far more than npm writes. */
const OUTPUT_BOUND = 64 * 1024 * 1024;

/**
 * Installs the packages that package-lock.json names, unless they are installed already.
 * @param {string} root
 */
export function installPackages(root) {
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const stampFile = join(root, 'node_modules', '.etuservices-stamp');
  // Some packages bring binaries, so what was installed for another platform is of no use.
  const stamp = `${createHash('sha256').update(lock).digest('hex')} ${process.platform}-${process.arch}`;
  const found = read(stampFile);
  if (found === stamp) return;
  if (!(isSamePlatform(found) && isInstalled(lock, read(join(root, 'node_modules', '.package-lock.json'))))) {
    console.error('Installing the packages (npm ci) …');
    install(root);
  }
  writeFileSync(stampFile, stamp);
}

const OPTIONS = ['--include=dev', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];

function install(root) {
  const { succeeded, output } = runNpm(root, ['ci', ...OPTIONS]);
  if (!succeeded) throw new Error(`${output}\nThe packages could not be installed (see above).`);
}

function runNpm(root, args) {
  // npm names itself to the scripts that it runs; that one is there even where PATH is bare.
  const cli = process.env.npm_execpath;
  const command = cli?.endsWith('.js') ? [process.execPath, cli] : ['npm'];
  const { status, error, stdout, stderr } = spawnSync(command[0], [...command.slice(1), ...args], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: OUTPUT_BOUND,
    // Standard input belongs to the script that is run afterwards.
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (error) throw new Error(`npm could not be started: ${error.message}`);
  return { succeeded: status === 0, output: `${stdout}${stderr}`.trim() };
}

function isSamePlatform(stamp) {
  return stamp === undefined || stamp.endsWith(` ${process.platform}-${process.arch}`);
}

/** Whether npm's own record of node_modules has all that the lock file asks for, as after `npm install`. */
function isInstalled(lock, record) {
  if (record === undefined) return false;
  const present = JSON.parse(record).packages;
  return Object.entries(JSON.parse(lock).packages).every(
    ([path, wanted]) => path === '' || wanted.optional || present[path]?.version === wanted.version,
  );
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
