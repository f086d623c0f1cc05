import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { readLibrary } from '../../daemon/redis/library';
import { forBattery, type Part, type Transcript, transcribe } from '../helpers/lua/battery';
import { apply, type Mutant, mutantsOf } from '../helpers/lua/mutants';
import { LIMIT_PARTS, USAGE_PARTS } from '../helpers/lua/parts';
import { REVIEWED } from '../helpers/lua/reviewed';
import { type OwnRedis, startOwnRedis } from '../helpers/redis';

let server: OwnRedis;
let redis: Redis;
beforeAll(async () => {
  server = await startOwnRedis();
  redis = new Redis(server.url);
  await redis.config('SET', 'appendonly', 'no');
  // So that logs of few entries have pages that can go.
  await redis.config('SET', 'stream-node-max-entries', '4');
});
afterAll(async () => {
  redis.disconnect();
  await server.close();
});

/** What a library answers; undefined if Redis cannot load it, or it differs from what is expected. */
async function transcriptOf(
  parts: readonly Part[],
  change: (text: string, file: string) => string,
  expected?: Transcript,
): Promise<Transcript | undefined> {
  const { source, version } = readLibrary((text, file) => forBattery(change(text, file), file));
  await redis.flushall();
  await redis.function('FLUSH');
  const isLoaded = await redis.function('LOAD', source).then(
    () => true,
    () => false,
  );
  return isLoaded ? transcribe(redis, { version, parts, expected }) : undefined;
}

function mutantsIn(folders: RegExp): Mutant[] {
  const mutants: Mutant[] = [];
  readLibrary((text, file) => {
    if (folders.test(file)) mutants.push(...mutantsOf(file, text));
    return text;
  });
  return mutants;
}

const isReviewed = ({ file, after }: Mutant) =>
  REVIEWED.some(([of, part]) => of === file && part.test(after.trim()));

const unchanged = (text: string) => text;

describe.each([
  ['limits', /^(limits|lib)\//, LIMIT_PARTS],
  ['statistics', /^usage\//, USAGE_PARTS],
])('the Lua of the %s', (_, folders, parts) => {
  test('unchanged, answers the same twice', async () => {
    const first = await transcriptOf(parts, unchanged);

    expect(first?.length).toBeGreaterThan(100);
    expect(await transcriptOf(parts, unchanged)).toEqual(first);
  });

  test('with any one place changed, answers otherwise unless it was reviewed', async () => {
    const right = await transcriptOf(parts, unchanged);
    const survivors: Mutant[] = [];
    for (const mutant of mutantsIn(folders)) {
      const change = (text: string, file: string) => (file === mutant.file ? apply(text, mutant) : text);
      if ((await transcriptOf(parts, change, right)) !== undefined) survivors.push(mutant);
    }

    expect(survivors.filter((mutant) => !isReviewed(mutant)).map(nameOf)).toEqual([]);
    // What answers otherwise by now needs no reason any more.
    const isNeeded = ([of, part]: (typeof REVIEWED)[number]) =>
      survivors.some(({ file, after }) => of === file && part.test(after.trim()));
    expect(REVIEWED.filter((entry) => folders.test(entry[0]) && !isNeeded(entry))).toEqual([]);
  }, 300_000);
});

function nameOf({ file, line, before, after }: Mutant): string {
  return `${file}:${line}: ${before.trim()} => ${after.trim() || 'dropped'}`;
}
