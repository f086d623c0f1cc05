import { type Logger, pino, stdSerializers } from 'pino';
import { currentCallId } from './call_id';

/** One JSON line an event, with the id of the call that it belongs to; readable lines in a terminal. */
export function createLogger({ level, isTerminal }: { level: string; isTerminal: boolean }): Logger {
  const transport = isTerminal
    ? { transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname' } } }
    : {};
  return pino({
    name: 'quota-daemon',
    level,
    serializers: { err: describeError },
    mixin: describeCall,
    ...transport,
  });
}

function describeCall(): object {
  const callId = currentCallId();
  return callId === undefined ? {} : { callId };
}

/** An error of Redis carries its whole command, the script's text included: of no use to a reader. */
function describeError(error: Error): object {
  const { command: _, ...described } = stdSerializers.err(error);
  return described;
}
