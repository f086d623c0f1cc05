import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { replyCode, translateFailure } from './failures';

/** A Lua script, and the name by which Redis caches it. */
export interface Script {
  readonly source: string;
  readonly sha1: string;
}

/** Reads `scripts/NAME.lua`, after the pieces of `scripts/lib/` that it uses. */
export function loadScript(name: string, { uses = [] }: { uses?: readonly string[] } = {}): Script {
  const files = [...uses.map((piece) => join('lib', piece)), name];
  const source = files
    .map((file) => readFileSync(join(__dirname, 'scripts', `${file}.lua`), 'utf8'))
    .join('\n');
  return { source, sha1: createHash('sha1').update(source).digest('hex') };
}

/** Runs a script in one round trip. Throws `StoreUnavailable` where Redis did not answer. */
export async function runScript(
  redis: Redis,
  script: Script,
  { keys, args }: { keys: readonly string[]; args: readonly (string | number)[] },
): Promise<unknown> {
  try {
    return await redis.evalsha(script.sha1, keys.length, ...keys, ...args);
  } catch (error) {
    // Redis has restarted since it saw the script. It has not run, so running it now doubles nothing.
    if (replyCode(error) === 'NOSCRIPT') return sendSource(redis, script, { keys, args });
    throw translateFailure(error);
  }
}

async function sendSource(
  redis: Redis,
  script: Script,
  { keys, args }: { keys: readonly string[]; args: readonly (string | number)[] },
): Promise<unknown> {
  try {
    return await redis.eval(script.source, keys.length, ...keys, ...args);
  } catch (error) {
    throw translateFailure(error);
  }
}
