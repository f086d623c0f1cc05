import { type DestinationStream, destination, type Logger, pino, stdSerializers, transport } from 'pino';
import { within } from '../../environment/within';

/** The most that waits for a reader of the log; the rest is dropped and counted. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** How long an unread log may delay the end of the program. */
const CLOSE_BOUND_MS = 500;

export interface Log {
  readonly logger: Logger;
  /** Lines that were dropped because nobody read the log. */
  droppedCount(): number;
  /** Writes what waits, if it is read. If not, it keeps waiting, so the program must then be ended. */
  close(): Promise<void>;
}

/** One JSON line per event; readable lines in a terminal. */
export function openLog({ level, isTerminal }: { level: string; isTerminal: boolean }): Log {
  const options = { name: 'quota-daemon', level, serializers: { err: describeError } };
  if (isTerminal) {
    const pretty = transport({ target: 'pino-pretty', options: { ignore: 'pid,hostname' } });
    return {
      logger: pino(options, pretty as DestinationStream),
      droppedCount: () => 0,
      close: async () => {},
    };
  }
  let dropped = 0;
  // Never synchronous: a reader that has stopped would stop the daemon.
  const stdout = destination({ fd: process.stdout.fd, sync: false, maxLength: MAX_WAITING_BYTES });
  stdout.on('drop', () => {
    dropped += 1;
  });
  const logger = pino(options, stdout);
  return {
    logger,
    droppedCount: () => dropped,
    async close() {
      const written = new Promise((resolve) => stdout.once('close', resolve));
      // A line that came now could not be written.
      logger.level = 'silent';
      stdout.end();
      await within(written, { limitMs: CLOSE_BOUND_MS, late: undefined });
      stdout.destroy();
    },
  };
}

/** An error of Redis carries its whole command, the script's text included: of no use to a reader. */
function describeError(error: Error): object {
  const { command: _, ...described } = stdSerializers.err(error);
  return described;
}
