import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * How often the files are read. Reading their contents, rather than waiting for a notice of a change, also finds a
 * file that was put in another's place by a rename, a link or a mount.
 */
const CHECK_INTERVAL_MS = 500;

/** Files that together make one value, which follows what they hold. */
export interface Watched<T> {
  /** What the files made when they were last right. */
  current(): T;
  stop(): void;
}

export interface WatchOptions<T> {
  readonly files: readonly string[];
  /** Makes the value. Throws if the files cannot be used: the value before stays. */
  readonly read: (contents: readonly Buffer[]) => T;
  readonly onChange?: (value: T) => void;
  readonly onFault: (error: Error) => void;
  readonly checkIntervalMs?: number;
}

/** A file cannot be read. */
export class FileUnreadable extends Error {
  override readonly name = 'FileUnreadable';
  constructor(
    readonly file: string,
    options: { cause: unknown },
  ) {
    super(`${file} cannot be read: ${(options.cause as NodeJS.ErrnoException).code}`, options);
  }
}

/** Reads the files, now and on change. Throws if they cannot be used at the start. */
export function watchFiles<T>(options: WatchOptions<T>): Watched<T> {
  const { files, read, onChange, onFault, checkIntervalMs = CHECK_INTERVAL_MS } = options;
  const first = readFiles(files);
  let value = read(first);
  let settled = printOf(first);
  let latest = settled;
  const stopping = new AbortController();

  function check(): void {
    const { contents, print, error } = tryToRead(files);
    // Taken only once it is the same twice: files are written in pieces, and a key apart from its certificate.
    const isSettling = print !== latest;
    latest = print;
    if (isSettling || print === settled) return;
    settled = print;
    try {
      if (contents === undefined) throw error;
      value = read(contents);
    } catch (fault) {
      onFault(fault as Error);
      return;
    }
    onChange?.(value);
  }

  async function watch(): Promise<void> {
    while (!stopping.signal.aborted) {
      await pause(checkIntervalMs, undefined, { ref: false, signal: stopping.signal }).catch(() => undefined);
      if (!stopping.signal.aborted) check();
    }
  }

  void watch();
  return { current: () => value, stop: () => stopping.abort() };
}

/** Reads each file. Throws `FileUnreadable`. */
export function readFiles(files: readonly string[]): Buffer[] {
  return files.map((file) => {
    try {
      return readFileSync(file);
    } catch (cause) {
      throw new FileUnreadable(file, { cause });
    }
  });
}

function tryToRead(files: readonly string[]): { contents?: Buffer[]; print: string; error?: Error } {
  try {
    const contents = readFiles(files);
    return { contents, print: printOf(contents) };
  } catch (error) {
    return { print: String(error), error: error as Error };
  }
}

/** Two readings have the same print if they are the same. The files are small, so it is simply what they hold. */
function printOf(contents: readonly Buffer[]): string {
  return contents.map((bytes) => bytes.toString('base64')).join(' ');
}
