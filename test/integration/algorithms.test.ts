import { describe, expect, test } from '@jest/globals';
import { ALGORITHM_NAMES } from '../../daemon/quota/algorithms/registry';
import { readLibrary } from '../../daemon/redis/library';
import { closedAfterEach } from '../helpers/opened';

const opened = closedAfterEach();

/** Why a daemon whose library has one file changed cannot claim a store. */
async function claimFailure(changed: string, change: (text: string) => string): Promise<string> {
  const { source, version } = readLibrary((text, file) => (file === changed ? change(text) : text));
  const { admissions: redis, prefix } = opened.space();
  const name = `quota_${version}`;
  try {
    await redis.function('LOAD', 'REPLACE', source);
    await redis.fcall(`quota_claim_${version}`, 1, `${prefix}control`, '2/1/tested');
    return 'claimed';
  } catch (error) {
    return String(error);
  } finally {
    await redis.function('DELETE', name);
  }
}

/** An algorithm's file, and its table in that file. */
const fileOf = (name: string) => `limits/${tableOf(name)}`;
const tableOf = (name: string) => name.replaceAll('-', '_');

describe.each(ALGORITHM_NAMES)('the Lua of %s', (name) => {
  test.each(['prepare', 'load', 'retry_delay_us', 'describe', 'take', 'keep'])(
    'without %s, the store is not claimed and the error names it',
    async (member) => {
      const drop = (text: string) => `${text}\n${tableOf(name)}.${member} = nil\n`;

      expect(await claimFailure(fileOf(name), drop)).toContain(`algorithm ${name} lacks ${member}`);
    },
  );

  test('under a name that the daemon does not declare, the store is not claimed', async () => {
    const add = (text: string) => `${text}\nalgorithms.add('unheard-of', ${tableOf(name)})\n`;

    expect(await claimFailure(fileOf(name), add)).toContain(
      'algorithm unheard-of is not declared by the daemon',
    );
  });

  test('that is not added, the store is not claimed', async () => {
    const drop = (text: string) => text.replace(/\nalgorithms\.add.*/, '');

    expect(await claimFailure(fileOf(name), drop)).toContain(`algorithm ${name} has no table in Lua`);
  });

  test('whole, the store is claimed', async () => {
    expect(await claimFailure(fileOf(name), (text) => `${text}\n-- ${name}, whole\n`)).toBe('claimed');
  });
});
