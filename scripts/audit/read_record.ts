import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Line, parseLine } from './lines';
import { createFinding, type Finding } from './violations';

/** The lines of one file, which one process has written, in order. */
export interface RecordFile {
  readonly name: string;
  readonly lines: readonly Line[];
}

export interface RawRecord {
  readonly files: readonly RecordFile[];
  /** Whether the files are whole. */
  readonly finding: Finding;
}

/** Reads every `.jsonl` file of a folder. A line that is missing, or cannot be read, is a violation. */
export function readRecord(folder: string): RawRecord {
  const names = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  return parseRecord(names.sort().map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') })));
}

export function parseRecord(texts: readonly { name: string; text: string }[]): RawRecord {
  const { violate, result } = createFinding('whole');
  const files = texts.map(({ name, text }) => {
    const lines = text.split('\n').flatMap((one, at) => {
      const line = one === '' ? undefined : readLine(one);
      if (typeof line === 'string') violate(`${name}:${at + 1} cannot be read: ${line}`);
      return typeof line === 'object' ? [line] : [];
    });
    const wrong = lines.findIndex(({ seq }, at) => seq !== at);
    if (wrong >= 0) violate(`${name}:${wrong + 1}: lines are missing, doubled or out of order`);
    return { name, lines };
  });
  const lineCount = files.reduce((sum, { lines }) => sum + lines.length, 0);
  return { files, finding: result(`${lineCount} lines of ${files.length} files`) };
}

/** The line, or why it is invalid. */
function readLine(text: string): Line | string {
  try {
    return parseLine(text);
  } catch (error) {
    return error instanceof Error ? error.message.replaceAll(/\s+/g, ' ') : String(error);
  }
}
