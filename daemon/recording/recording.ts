import { appendFileSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type Recorder, wallUs } from './recorder';

/** The form of the lines: see `docs/operations.md`. */
const FORMAT = 1;

/** Subjects stand in the record by name. */
const OWNER_ONLY = 0o600;

/** A file to which a process adds a line for all that it sends to its store, and for each answer. */
export interface Recording extends Recorder {
  close(): void;
}

/** The folder of the record cannot be used. */
export class RecordingUnusable extends Error {
  override readonly name = 'RecordingUnusable';
}

export interface RecordingOptions {
  readonly folder: string;
  readonly logger: Logger;
}

/**
 * Opens the record of this process in a folder. Each line is written before the call returns, so that a process that is
 * killed loses none. Throws `RecordingUnusable`. If a line cannot be written later, that is logged once, and its number
 * is missing in the file.
 */
export function openRecording({ folder, logger }: RecordingOptions): Recording {
  const daemon = `${process.pid}-${Math.floor(performance.timeOrigin)}`;
  const file = openFile(folder, `daemon-${daemon}.jsonl`);
  let nextSequence = 0;
  let hasFailed = false;

  function write(kind: string, fields: object): number {
    const seq = nextSequence++;
    try {
      appendFileSync(
        file,
        `${JSON.stringify({ seq, daemon, kind, atUs: wallUs(performance.now()), ...fields })}\n`,
      );
    } catch (err) {
      if (!hasFailed) logger.error({ err }, 'the record cannot be written, and is incomplete');
      hasFailed = true;
    }
    return seq;
  }

  write('start', { format: FORMAT });
  return { write, close: () => closeSync(file) };
}

function openFile(folder: string, name: string): number {
  try {
    mkdirSync(folder, { recursive: true });
    return openSync(join(folder, name), 'ax', OWNER_ONLY);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new RecordingUnusable(`QUOTA_RECORD_FOLDER ${folder} cannot be written: ${code}`, { cause: error });
  }
}
