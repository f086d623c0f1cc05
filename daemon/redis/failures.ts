import { ReplyError } from 'ioredis';
import { StoreUnavailable } from '../quota/errors';
import { CircuitOpen } from './circuit_open';
import { NoAnswer } from './silence';

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
  'MOVED',
  'ASK',
  'OOM',
  'MISCONF',
  'NOREPLICAS',
  'BUSY',
  'NOAUTH',
  'WRONGPASS',
  'NOPERM',
  // The store is not the one that was claimed: see scripts/lib/control.lua.
  'STALECLAIM',
]);

/** Translates the error of a failed command. A reply with any other code is a bug, and is returned unchanged. */
export function translateFailure(error: unknown): unknown {
  const code = replyCode(error);
  const isFault = code !== undefined && !TRANSIENT_CODES.has(code) && !isOfMovingKey(error);
  return isFault ? error : new StoreUnavailable({ cause: error });
}

/**
 * While a slot moves, Redis ends a script at a key that is no longer there, even if the script itself has just removed its
 * last element (`scriptVerifyClusterState` in script.c). What it did before stays done, as when a connection is lost.
 */
function isOfMovingKey(error: unknown): boolean {
  return replyCode(error) === 'ERR' && (error as Error).message.includes('access a non local key');
}

/**
 * The kind of failure, for a metric: `fault` is a bug of the program, `circuit_open` was not sent, a word in capitals is
 * Redis's reply, `no_answer` is everything else.
 */
export function storeFailureKind(error: unknown): string {
  if (!(error instanceof StoreUnavailable)) return 'fault';
  if (error.cause instanceof CircuitOpen) return 'circuit_open';
  return replyCode(error.cause) ?? 'no_answer';
}

/** Replies to a write that mean that no other write would succeed either until somebody acts. */
const REFUSING_CODES = new Set([
  'LOADING',
  'READONLY',
  'MASTERDOWN',
  'CLUSTERDOWN',
  'MISCONF',
  'NOREPLICAS',
  'NOAUTH',
  'WRONGPASS',
  'NOPERM',
]);

/**
 * Whether a failed write shows that Redis is dead or refuses writes. A slow or busy Redis is no outage; nor is one
 * without memory, which still answers denials and repeats.
 */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof StoreUnavailable)) return false;
  const { cause } = error;
  if (cause instanceof NoAnswer) return cause.wasSilent;
  const code = replyCode(cause);
  return code === undefined || REFUSING_CODES.has(code);
}
