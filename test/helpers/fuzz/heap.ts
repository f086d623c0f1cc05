import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parsePrometheusText } from '../prometheus_text';

/** For the environment of a program whose heap is to be compared. */
export const COLLECTING = { NODE_OPTIONS: `--require=${join(__dirname, 'collecting.cjs')}` };

/** What a program that was asked everything once may still grow by: caches that fill, code that is compiled. */
export const FLAT_BYTES = 12 * 1024 * 1024;

/** What is referred to only until some timer ends is gone after a few of these. */
const COLLECTIONS = 4;
const SETTLE_MS = 400;

/** What the program holds, its garbage left out: its heap, and its buffers. */
export async function heldBytes({
  process,
  metricsUrl,
}: {
  process: ChildProcess;
  metricsUrl: string;
}): Promise<number> {
  for (let left = COLLECTIONS; left > 0; left -= 1) {
    process.kill('SIGUSR2');
    await pause(SETTLE_MS);
  }
  const metrics = parsePrometheusText(await (await fetch(metricsUrl)).text());
  const sampleOf = (name: string) => metrics.get(name)?.samples.get(name) ?? Number.NaN;
  return sampleOf('nodejs_heap_size_used_bytes') + sampleOf('nodejs_external_memory_bytes');
}
