// proto/ → gen/
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { step } from '../step.mjs';
import { filesUnder, fingerprint, stampOf, writeStamp } from './files.mjs';
import { runTool } from './tools.mjs';

/** What reflection shows to the callers, with the comments of the .proto files. */
export const DESCRIPTORS = {
  [join('gen', 'descriptors.binpb')]: '.',
  [join('gen', 'health.binpb')]: join('node_modules', 'grpc-health-check', 'proto'),
};

/** Generates the stubs and the descriptors. */
export async function generate(root) {
  const inputs = ['package-lock.json', 'buf.yaml', 'buf.gen.yaml', ...filesUnder(root, 'proto', isProto)];
  const stamp = fingerprint(root, inputs);
  const outputs = Object.keys(DESCRIPTORS);
  if (outputs.every((file) => existsSync(join(root, file))) && stampOf(join(root, 'gen')) === stamp) return;
  await step('Generating code from proto/', async () => {
    await runTool(root, 'buf', ['generate']);
    for (const [output, input] of Object.entries(DESCRIPTORS))
      await runTool(root, 'buf', ['build', input, '-o', output]);
  });
  writeStamp(join(root, 'gen'), stamp);
}

const isProto = (name) => name.endsWith('.proto');
