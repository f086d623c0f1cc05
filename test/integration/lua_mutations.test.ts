import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { readLibrary } from '../../daemon/redis/library';
import { forBattery, type Transcript, transcribe } from '../helpers/lua_battery';
import { apply, type Mutant, mutantsOf } from '../helpers/lua_mutants';
import { type OwnRedis, startOwnRedis } from '../helpers/redis';

let server: OwnRedis;
let redis: Redis;
beforeAll(async () => {
  server = await startOwnRedis();
  redis = new Redis(server.url);
  await redis.config('SET', 'appendonly', 'no');
});
afterAll(async () => {
  redis.disconnect();
  await server.close();
});

/** What a library answers; undefined if Redis cannot load it, or it differs from what is expected. */
async function transcriptOf(
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
  return isLoaded ? transcribe(redis, version, expected) : undefined;
}

function everyMutant(): Mutant[] {
  const mutants: Mutant[] = [];
  readLibrary((text, file) => {
    if (file.startsWith('limits/')) mutants.push(...mutantsOf(file, text));
    return text;
  });
  return mutants;
}

/** Changed lines that no answer can show, by a part of them, and why. */
const REVIEWED: readonly (readonly [file: string, part: RegExp, reason: string])[] = [
  [
    'limits/takings',
    /^return \{ key = /,
    'each view is opened before it is read, which sets all of its fields',
  ],
  [
    'limits/takings',
    /'ZRANGE', key, '' \.\. now_text/,
    'a taking of this very microsecond is dated to it again',
  ],
  ['limits/takings', /from_end = n \+ view\.added/, 'within one entry it only names what was read last'],
  [
    'limits/takings',
    /if excess >= 0 then/,
    'the range of none is empty, but if nothing is uncounted, which is asked',
  ],
  ['limits/takings', /if newest_us < 0 then/, 'an empty set has no expiry to write'],
  ['limits/takings', /needed_ms = math\.floor/, 'less than a millisecond of an expiry'],
  ['limits/takings', /if left_ms > needed_ms then/, 'the same expiry is written again'],
  ['limits/takings', /is_new = left_ms <= 0/, 'a key in its last millisecond'],
  ['limits/takings', /is_purged and math\.floor/, 'less than a millisecond of what is to spare'],
  [
    'limits/sliding_window',
    /if taken <= size then/,
    'the next line says the same of a window that is just full',
  ],
  ['limits/token_bucket', /converted_us >= 0/, 'nothing was taken before the year 1970'],
  [
    'limits/token_bucket',
    /per_token ~= 0 or per_token/,
    'the same units, or a bucket that nothing is missing from',
  ],
  ['limits/token_bucket', /limit\.debt >= 0 then keep_for/, 'a full bucket has no key'],
  [
    'limits/policies',
    /^(key|is_overridden|override_end_us|is_shadow_denied) = true,/,
    'limits.load sets it for each subject',
  ],
  ['limits/policies', /remembered_count (> MOST|\+ 0)/, 'how many texts are remembered changes no answer'],
  [
    'limits/log',
    /reply\.err then return|frozen\.err/,
    'only whether to look again for takings from the future',
  ],
  ['limits/admit', /is_behind = true/, 'only whether to look again for takings from the future'],
  ['limits/admit', /now_us <= \(request\.grown_until_us/, 'one microsecond more of a time that is generous'],
  ['limits/admit', /while entry_at < #entries/, 'an entry has more than one byte'],
  ['limits/admit', /summary\.overrides >= 0/, 'looks for overrides where there are none'],
  [
    'limits/admit',
    /tostring\(type\(result\)/,
    'a fault is a text in some versions of Redis, a table in others',
  ],
  ['limits/reset_quota', /is_read_only = true/, 'nothing that is dated anew is asked for'],
  ['limits/reset_quota', /longest_us >= 0/, 'no window, no takings in it'],
];

const isReviewed = ({ file, after }: Mutant) =>
  REVIEWED.some(([of, part]) => of === file && part.test(after.trim()));

describe('the Lua of the limits', () => {
  test('unchanged, answers the same twice', async () => {
    const first = await transcriptOf((text) => text);

    expect(first?.length).toBeGreaterThan(100);
    expect(await transcriptOf((text) => text)).toEqual(first);
  });

  test('with any one place changed, answers otherwise unless it was reviewed', async () => {
    const right = await transcriptOf((text) => text);
    const survivors: Mutant[] = [];
    for (const mutant of everyMutant()) {
      const change = (text: string, file: string) => (file === mutant.file ? apply(text, mutant) : text);
      if ((await transcriptOf(change, right)) !== undefined) survivors.push(mutant);
    }

    expect(survivors.filter((mutant) => !isReviewed(mutant)).map(nameOf)).toEqual([]);
    // What answers otherwise by now needs no reason any more.
    const isNeeded = ([of, part]: (typeof REVIEWED)[number]) =>
      survivors.some(({ file, after }) => of === file && part.test(after.trim()));
    expect(REVIEWED.filter((entry) => !isNeeded(entry))).toEqual([]);
  }, 300_000);
});

function nameOf({ file, line, before, after }: Mutant): string {
  return `${file}:${line}: ${before.trim()} => ${after.trim() || 'dropped'}`;
}
