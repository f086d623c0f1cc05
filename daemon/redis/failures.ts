import { ReplyError } from 'ioredis';
import { StoreUnavailable } from '../quota/errors';

/** The first word of an error that Redis replied with, which is its code; undefined for any other error. */
export function replyCode(error: unknown): string | undefined {
  return error instanceof (ReplyError as typeof Error) ? error.message.split(' ', 1)[0] : undefined;
}

/** Replies that mean "not now": loading, failing over, out of memory, busy. The command has changed nothing. */
const TRANSIENT_CODES = new Set([
  'LOADING',
  'READONLY',
  'MASTERDOWN',
  'CLUSTERDOWN',
  'TRYAGAIN',
  'OOM',
  'MISCONF',
  'NOREPLICAS',
  'BUSY',
  'NOAUTH',
  'WRONGPASS',
  'NOPERM',
  // The store is another one than was claimed: see scripts/lib/control.lua.
  'STALECLAIM',
]);

/** What a failed command means to the rules. A reply with any other code is a fault of the program: it stays itself. */
export function translateFailure(error: unknown): unknown {
  const code = replyCode(error);
  const isFault = code !== undefined && !TRANSIENT_CODES.has(code);
  return isFault ? error : new StoreUnavailable({ cause: error });
}

/** What kind of failure it was, for a metric: `fault` is the program's own, a word in capitals is Redis's reply, `no_answer` is all the rest. */
export function storeFailureKind(error: unknown): string {
  if (!(error instanceof StoreUnavailable)) return 'fault';
  return replyCode(error.cause) ?? 'no_answer';
}
