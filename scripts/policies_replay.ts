import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createPastDecider } from '../daemon/memory/past';
import { parseDurationMs } from '../daemon/quota/duration';
import { PoliciesInvalid, parsePolicies } from '../daemon/quota/policies';
import { replay } from '../daemon/quota/replay';
import { readPartitions } from '../daemon/redis/claims';
import { spreadTags } from '../daemon/redis/hash_tags';
import { createKeys } from '../daemon/redis/keys';
import { type Database, isCluster } from '../daemon/redis/nodes';
import { readPastRequests } from '../daemon/redis/usage/log';
import { Refusal } from './console/refusal';
import { describeReplay } from './console/replay_report';
import { runScript, say } from './console/terminal';
import { rememberedPorts } from './servers/ports';
import { openClient } from './servers/redis_client';
import { config } from './settings/config';
import { startFolder } from './settings/paths';

const USAGE = 'Usage: npm run policies:replay -- FILE [--since 3d]';
const DEFAULT_SINCE = '3d';

/** `npm run policies:replay FILE`: whom would these policies have denied? */
async function replayPolicies(): Promise<number> {
  const { file, sinceMs } = readArguments();
  const candidate = parsePolicies(await readText(file));
  const redis = openRedis();
  try {
    const prefix = config.keyPrefix;
    const partitions = (await readPartitions(redis, prefix)) ?? 0;
    const tags = isCluster(redis) ? spreadTags(partitions) : undefined;
    const keys = createKeys({ prefix, partitions, tags });
    const range = { sinceMs: Date.now() - sinceMs, policies: candidate.byName.keys() };
    const past = readPastRequests({ redis, keys, partitions }, range);
    const result = await replay(past, candidate, createPastDecider());
    say(describeReplay(result, file));
    return 0;
  } finally {
    redis.disconnect();
  }
}

function readArguments(): { file: string; sinceMs: number } {
  try {
    const options = { since: { type: 'string', default: DEFAULT_SINCE } } as const;
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    const [file, ...more] = positionals;
    const sinceMs = parseDurationMs(values.since);
    if (sinceMs === undefined)
      throw new Error(`--since must be a duration such as 12h or 3d; it is ${values.since}`);
    if (file === undefined || more.length > 0) throw new Error('exactly one FILE is needed');
    return { file, sinceMs };
  } catch (error) {
    throw new Refusal(`${error instanceof Error ? error.message : error}\n${USAGE}`);
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(resolve(config.callerFolder, file), 'utf8');
  } catch (error) {
    throw new Refusal(`${file} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}

/** The Redis of the environment, otherwise the private one of `npm start`. */
function openRedis(): Database {
  const port = rememberedPorts(startFolder).redis;
  const url = config.redisUrl ?? (port === undefined ? undefined : `redis://127.0.0.1:${port}/0`);
  if (url === undefined) throw new Refusal('Set REDIS_URL, or start the local Redis with `npm start`.');
  const redis = openClient(url, { maxRetriesPerRequest: 0 });
  // Said once, by the command that fails.
  redis.on('error', () => undefined);
  return redis;
}

async function main(): Promise<number> {
  try {
    return await replayPolicies();
  } catch (error) {
    if (error instanceof PoliciesInvalid) throw new Refusal(error.message);
    if (error instanceof Refusal) throw error;
    throw new Refusal(`The decisions cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}

void runScript(main);
