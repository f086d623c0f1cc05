import { existsSync, readFileSync, renameSync } from 'node:fs';

/** Enough to see why a server died, and short enough to stay on the screen. */
const LAST_LINES = 15;

/** Sets the previous run's log aside, so that one file describes one run. */
export function turnOver(file: string): void {
  if (existsSync(file)) renameSync(file, `${file}.old`);
}

/** The end of a log, indented, to be shown below a message. */
export function lastLines(file: string): string {
  const text = existsSync(file) ? readFileSync(file, 'utf8').trimEnd() : '';
  if (text === '') return `  (${file} is empty)`;
  const lines = text.split('\n').slice(-LAST_LINES);
  return [`The end of ${file}:`, ...lines.map((line) => `  ${line}`)].join('\n');
}
