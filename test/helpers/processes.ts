import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A line that a program of ours logged. */
export type LogLine = { msg: string } & Record<string, unknown>;

/** Waits for the log line with the port, and keeps every line; if the program ends instead, throws its output. */
export function listeningPort(
  child: ChildProcess,
  { log, message }: { log: LogLine[]; message: string },
): Promise<number> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('the program has no output to read');
  let complaint = '';
  stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.once('close', (code) => reject(new Error(`the program ended with ${code}:\n${complaint}`)));
    createInterface({ input: stdout }).on('line', (line) => {
      const entry = JSON.parse(line) as LogLine;
      log.push(entry);
      if (entry.msg === message) resolve(Number(entry.port));
    });
  });
}

/** Asks a program to stop, and waits until all that it wrote has been read; its exit code, or null if a signal ended it. */
export async function stopProcess(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const closed = once(child, 'close');
    child.kill('SIGTERM');
    await closed;
  }
  return child.exitCode;
}
