// Builds the project: proto/ → gen/ → dist/. Does nothing where nothing that it reads has changed.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bootstrap/build/bundle.mjs';
import { compile } from './bootstrap/build/compile.mjs';
import { generate } from './bootstrap/build/generate.mjs';

/**
 * Generates the stubs and the descriptors, compiles, and bundles what the browser gets.
 * @param {string} root
 */
export async function build(root) {
  await generate(root);
  await compile(root);
  await bundle(root);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const { holdBuildLock } = await import('./bootstrap/build_lock.mjs');
  const { installPackages } = await import('./bootstrap/packages.mjs');
  try {
    await holdBuildLock(join(root, '.local', 'prepare.lock'), async () => {
      await installPackages(root);
      await build(root);
    });
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
