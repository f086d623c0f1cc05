import { type Logger, pino, stdSerializers } from 'pino';

/** One JSON line an event; readable lines in a terminal. */
export function createLogger({ level, isTerminal }: { level: string; isTerminal: boolean }): Logger {
  const transport = isTerminal
    ? { transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname' } } }
    : {};
  return pino({ name: 'quota-daemon', level, serializers: { err: describeError }, ...transport });
}

/** An error of Redis carries its whole command, the script's text included: of no use to a reader. */
function describeError(error: Error): object {
  const { command: _, ...described } = stdSerializers.err(error);
  return described;
}
