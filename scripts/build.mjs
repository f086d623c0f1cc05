// Builds the project: proto/ → gen/ → dist/. Does nothing where nothing that it reads has changed.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './build/bundle.mjs';
import { compile } from './build/compile.mjs';
import { generate } from './build/generate.mjs';

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
  const { takeTurn } = await import('./turn.mjs');
  const { installPackages } = await import('./packages.mjs');
  try {
    await takeTurn(join(root, '.local', 'prepare.lock'), async () => {
      await installPackages(root);
      await build(root);
    });
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
