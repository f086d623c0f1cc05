// Prepares everything that a command of the project needs.
import { join } from 'node:path';
import { bundle } from './build/bundle.mjs';
import { compile } from './build/compile.mjs';
import { generate } from './build/generate.mjs';
import { holdBuildLock } from './build_lock.mjs';
import { installPackages } from './packages.mjs';

/**
 * Installs the packages, generates the stubs and the descriptors, compiles, and bundles what the browser gets. Does
 * nothing if nothing that they read has changed.
 * @param {string} root
 */
export async function prepare(root) {
  await holdBuildLock(join(root, '.local', 'prepare.lock'), async () => {
    await installPackages(root);
    await generate(root);
    await compile(root);
    await bundle(root);
  });
}
