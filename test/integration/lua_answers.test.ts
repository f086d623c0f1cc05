import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import type { Part } from '../helpers/lua/battery';
import { ERASING_PARTS, LIMIT_PARTS, USAGE_PARTS } from '../helpers/lua/parts';
import { servedLibraries } from '../helpers/lua/served';

/** The words of faults depend on the version of Redis; the answers were reviewed with these. */
const REVIEWED_WITH = /^redis_version:7\.0\./m;

const served = servedLibraries();

/** How often a part is asked until it answers the same twice in a row. */
const MOST_TIMES = 4;

async function digestOf(version: string, part: Part): Promise<string> {
  let before: string | undefined;
  for (let time = 1; ; time += 1) {
    const answers = await served.answersOf(version, [part]);
    const digest = createHash('sha256').update(answers.join('\n')).digest('hex').slice(0, 16);
    // A machine that stalls for seconds changes times to live, but hardly twice.
    if (digest === before || time === MOST_TIMES) return digest;
    before = digest;
  }
}

/**
 * The mutation tests compare a changed library with today's, so they cannot notice that today's is wrong. Here each part's
 * answers are compared with those that were reviewed. A change that is meant: `npm test -- lua_answers --updateSnapshot`.
 */
test('the library answers as it did when its answers were reviewed', async () => {
  const version = (await served.load()) ?? '';
  const digests: Record<string, string> = {};
  for (const part of [...LIMIT_PARTS, ...USAGE_PARTS, ...ERASING_PARTS])
    digests[part.name] = await digestOf(version, part);
  if (!REVIEWED_WITH.test(await served.redis.info('server'))) return;

  expect(digests).toMatchSnapshot();
});
