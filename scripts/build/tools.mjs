// Runs the tools that the project's packages bring.
import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';

let announced = false;

/** Says, once, that there is something to build. */
export function announce() {
  if (!announced) console.error('Building …');
  announced = true;
}

export function runTool(root, tool, args) {
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
