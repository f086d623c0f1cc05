import { config } from '../settings/config';
import { Refusal } from './refusal';

const isColoured = process.stdout.isTTY && !config.isColourless;

const paint = (code: number) => (text: string) => (isColoured ? `\x1b[${code}m${text}\x1b[0m` : text);

export const bold = paint(1);
export const dim = paint(2);
export const red = paint(31);
export const green = paint(32);

/** One line for the person at the terminal. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** A closed terminal must not stop the work of stopping everything else. */
export function outliveTerminal(): void {
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
}

/** Runs a script to its end: a refusal is printed in its own words, any other failure with its stack; both exit with 1. */
export async function runScript(script: () => Promise<number>): Promise<void> {
  try {
    process.exit(await script());
  } catch (error) {
    process.stderr.write(`${describe(error)}\n`);
    process.exit(1);
  }
}

/** An error in the words that help: the message of a refusal, the stack of anything else. */
export function describe(error: unknown): string {
  if (error instanceof Refusal) return red(error.message);
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
