// Runs the tools of the project's packages.
import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';

/** Runs a tool to its end; shows what it writes once it is there. Throws if it fails. */
export async function runTool(root, tool, args) {
  const bin = join(root, 'node_modules', '.bin');
  const { code, output } = await run(join(bin, tool), args, {
    cwd: root,
    // buf finds its plugin on PATH.
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` },
  }).catch((error) => {
    throw new Error(`The build failed: ${tool} could not be started: ${error.message}`);
  });
  if (code !== 0) throw new Error(`${output}\nThe build failed: ${tool} ${args.join(' ')} (see above).`);
  if (output !== '') console.error(`\n${output}`);
}

/** Runs a program to its end, successful or not, and returns its output as one text. Rejects if it cannot be started. */
export function run(command, args, options) {
  return new Promise((resolve, reject) => {
    // Standard input and output belong to the script that is run afterwards.
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => chunks.push(chunk));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output: Buffer.concat(chunks).toString().trim() }));
  });
}
