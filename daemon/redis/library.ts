import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Redis, ReplyError } from 'ioredis';
import type { LimitAlgorithm } from '../quota/algorithms/algorithm';
import { ALGORITHMS } from '../quota/algorithms/registry';
import { replyCode, translateFailure } from './failures';
import { type Database, masterOf, mastersOf } from './nodes';

/**
 * The daemon's Lua, in order of dependency. Together the files are one library of Redis Functions, whose functions are
 * created once, when it is loaded; a script would create them on each call.
 */
const FILES = [
  'lib/register',
  'lib/keep',
  'lib/clock',
  'lib/algorithms',
  'lib/control',
  'erasing/erased',
  'limits/takings',
  ...ALGORITHMS.map(({ name }) => `limits/${name.replaceAll('-', '_')}`),
  'limits/policies',
  'limits/limits',
  'limits/log',
  'limits/admit',
  'limits/restore',
  'limits/refund',
  'limits/read_quota',
  'limits/reset_quota',
  'limits/overrides',
  'usage/entries',
  'usage/state',
  'erasing/erasing',
  'usage/refunds',
  'usage/declared',
  'usage/windows',
  'usage/hours',
  'usage/recent',
  'usage/refunding',
  'usage/logs',
  'usage/folding',
  'usage/fold',
  'usage/denials',
  'usage/record_calls',
  'erasing/begin',
  'erasing/rewrite',
  'erasing/progress',
];

/** The library's text, and the version that is part of each of its names: two versions can coexist. */
export interface Library {
  readonly source: string;
  readonly version: string;
}

const VERSION_LENGTH = 8;

/** Reads the library; `change` may change the text of each file, as the tests of the tests do. */
export function readLibrary(change: (text: string, file: string) => string = (text) => text): Library {
  const read = (file: string) => readFileSync(join(__dirname, 'scripts', `${file}.lua`), 'utf8');
  const files = FILES.map((file) => change(read(file), file));
  const body = [declarationOf(ALGORITHMS), ...files].join('\n');
  const version = createHash('sha256').update(body).digest('hex').slice(0, VERSION_LENGTH);
  return { version, source: `#!lua name=quota_${version}\nlocal VERSION = '${version}'\n${body}` };
}

/** What the Lua must know of the algorithms, and is checked against: see `scripts/lib/algorithms.lua`. */
function declarationOf(algorithms: readonly LimitAlgorithm[]): string {
  const declared = algorithms.map(({ name, keepsTokens, maxLimit = false }) => {
    return `['${name}'] = { keeps_tokens = ${keepsTokens}, largest_size = ${maxLimit} }`;
  });
  return `local DECLARED_ALGORITHMS = { ${declared.join(', ')} }`;
}

const library = readLibrary();

/** A call of one function of the library. */
export interface FunctionCall {
  readonly keys: readonly string[];
  readonly args: readonly (string | number | Buffer)[];
}

/** The most calls of a function that Redis does not know: the library is loaded before each, and may be flushed again. */
const MOST_CALLS = 5;

/** Calls a function in one round trip. Throws `StoreUnavailable` if Redis does not answer or cannot serve now. */
export async function callFunction(redis: Database, name: string, call: FunctionCall): Promise<unknown> {
  try {
    for (let calls = 1; ; calls += 1) {
      const reply = await send(redis, name, call).catch((error: unknown) => {
        if (isUnknownFunction(error) && calls < MOST_CALLS) return UNKNOWN;
        throw error;
      });
      if (reply !== UNKNOWN) return reply;
      // The server is new, or was emptied. The function has not run, so calling it again doubles nothing.
      const owner = masterOf(redis, call.keys[0] ?? '');
      await loadLibrary(owner);
      // While a slot moves, its owner sends calls on to the next one.
      if (calls > 1) await loadOnOthers(redis, owner);
    }
  } catch (error) {
    throw translateFailure(error);
  }
}

const UNKNOWN = Symbol('a function that Redis does not know');

function send(redis: Database, name: string, { keys, args }: FunctionCall): Promise<unknown> {
  return redis.callBuffer('FCALL', [`quota_${name}_${library.version}`, keys.length, ...keys, ...args]);
}

async function loadLibrary(redis: Redis): Promise<void> {
  try {
    await redis.function('LOAD', library.source);
  } catch (error) {
    if (!isLoadedAlready(error)) throw error;
  }
}

/** A server that cannot load it may not be the one that was called. */
async function loadOnOthers(redis: Database, owner: Redis): Promise<void> {
  const others = mastersOf(redis).filter((server) => server !== owner);
  await Promise.allSettled(others.map(loadLibrary));
}

/** Redis gives both faults the code ERR, so only their messages distinguish them. */
function isUnknownFunction(error: unknown): boolean {
  return hasWords(error, 'Function not found');
}

function isLoadedAlready(error: unknown): boolean {
  return hasWords(error, 'already exists');
}

function hasWords(error: unknown, words: string): boolean {
  return (
    error instanceof (ReplyError as typeof Error) &&
    replyCode(error) === 'ERR' &&
    error.message.includes(words)
  );
}
