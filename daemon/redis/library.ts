import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Redis, ReplyError } from 'ioredis';
import type { LimitAlgorithm } from '../quota/algorithms/algorithm';
import { ALGORITHMS } from '../quota/algorithms/registry';
import { replyCode, translateFailure } from './failures';

/**
 * The Lua of the daemon, in the order in which the files need each other. Together they are one library of Redis
 * Functions: its functions are created once, when it is loaded, and not again on each call, as those of a script are.
 */
const FILES = [
  'lib/register',
  'lib/keep',
  'lib/clock',
  'lib/algorithms',
  'lib/control',
  'limits/takings',
  ...ALGORITHMS.map(({ name }) => `limits/${name.replaceAll('-', '_')}`),
  'limits/policies',
  'limits/limits',
  'limits/log',
  'limits/admit',
  'limits/restore',
  'limits/read_quota',
  'limits/reset_quota',
  'limits/overrides',
  'usage/entries',
  'usage/state',
  'erasing/erasing',
  'usage/declared',
  'usage/windows',
  'usage/hours',
  'usage/recent',
  'usage/logs',
  'usage/folding',
  'usage/fold',
  'usage/denials',
  'usage/record_calls',
  'erasing/begin',
  'erasing/rewrite',
  'erasing/progress',
];

/** The library's text, and the version that stands in each of its names: two versions can live side by side. */
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

/** What the Lua must know, and be held to, of the algorithms: see `scripts/lib/algorithms.lua`. */
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

/** Times that a function is called that Redis does not know: each time the library is loaded, which may be flushed anew. */
const MOST_CALLS = 5;

/** Calls a function in one round trip. Throws `StoreUnavailable` if Redis does not answer, or cannot serve now. */
export async function callFunction(redis: Redis, name: string, call: FunctionCall): Promise<unknown> {
  try {
    for (let calls = 1; ; calls += 1) {
      const reply = await send(redis, name, call).catch((error: unknown) => {
        if (isUnknownFunction(error) && calls < MOST_CALLS) return UNKNOWN;
        throw error;
      });
      if (reply !== UNKNOWN) return reply;
      // Redis is new, or was emptied. The function has not run, so calling it again doubles nothing.
      await loadLibrary(redis);
    }
  } catch (error) {
    throw translateFailure(error);
  }
}

const UNKNOWN = Symbol('a function that Redis does not know');

function send(redis: Redis, name: string, { keys, args }: FunctionCall): Promise<unknown> {
  return redis.callBuffer('FCALL', [`quota_${name}_${library.version}`, keys.length, ...keys, ...args]);
}

async function loadLibrary(redis: Redis): Promise<void> {
  try {
    await redis.function('LOAD', library.source);
  } catch (error) {
    if (!isLoadedAlready(error)) throw error;
  }
}

/** Redis gives both faults the code ERR, so only their words tell them apart. */
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
