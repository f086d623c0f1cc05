import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { within } from '../helpers/wait';

const LOGGER = join(__dirname, '../../dist/daemon/telemetry/logger.js');

/** Logs a hundred megabytes, says on the other output what became of it, and ends. */
const PROGRAM = `
  const { openLog } = require(${JSON.stringify(LOGGER)});
  const { logger, droppedCount, close } = openLog({ level: 'info', isTerminal: false });
  const filler = 'a'.repeat(1000);
  const beforeBytes = process.memoryUsage().rss;
  async function main() {
    for (let i = 0; i < 100_000; i += 1) {
      logger.info({ filler }, 'a line');
      if (i % 1000 === 0) await new Promise(setImmediate);
    }
    const grownBytes = process.memoryUsage().rss - beforeBytes;
    process.stderr.write(JSON.stringify({ dropped: droppedCount(), grownBytes }));
    await close();
  }
  main().then(() => process.exit());
`;

test('a log that nobody reads, dropped and counted; the program goes on, stays small and ends', async () => {
  const child = spawn(process.execPath, ['-e', PROGRAM], { stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    let told = '';
    child.stderr.on('data', (chunk: Buffer) => {
      told += chunk.toString();
    });
    const ends = Promise.all([once(child, 'exit'), once(child.stderr, 'end')]);
    const [[code]] = await within('the end of the program', ends);
    const { dropped, grownBytes } = JSON.parse(told) as { dropped: number; grownBytes: number };

    expect(code).toBe(0);
    // A pipe and the buffer hold little more than a megabyte.
    expect(dropped).toBeGreaterThan(90_000);
    expect(dropped).toBeLessThan(100_000);
    expect(grownBytes).toBeLessThan(80 * 1024 * 1024);
  } finally {
    child.kill('SIGKILL');
  }
});
