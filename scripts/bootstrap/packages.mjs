// Brings node_modules in line with package-lock.json.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './build/tools.mjs';
import { step } from './step.mjs';

/**
 * Installs the packages that package-lock.json names, unless they are installed already.
 * @param {string} root
 */
export async function installPackages(root) {
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const stampFile = join(root, 'node_modules', '.etuservices-stamp');
  // Some packages bring binaries, so what was installed for another platform is of no use.
  const stamp = `${createHash('sha256').update(lock).digest('hex')} ${process.platform}-${process.arch}`;
  const found = read(stampFile);
  if (found === stamp) return;
  if (!(isSamePlatform(found) && isInstalled(lock, read(join(root, 'node_modules', '.package-lock.json'))))) {
    await step('Installing the packages (npm ci)', () => install(root));
  }
  writeFileSync(stampFile, stamp);
}

const OPTIONS = ['--include=dev', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];

async function install(root) {
  // npm names itself to the scripts that it runs; that one is there even if PATH is bare.
  const cli = process.env.npm_execpath;
  const [command, ...first] = cli?.endsWith('.js') ? [process.execPath, cli] : ['npm'];
  const { code, output } = await run(command, [...first, 'ci', ...OPTIONS], { cwd: root }).catch((error) => {
    throw new Error(`npm could not be started: ${error.message}`);
  });
  if (code !== 0) throw new Error(`${output}\nThe packages could not be installed (see above).`);
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
