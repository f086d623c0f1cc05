import { describe, expect, test } from '@jest/globals';
import { judge, type StoreSettings } from '../../../../daemon/redis/store_settings';

const SAFE: StoreSettings = {
  version: '8.0.2',
  appendonly: 'yes',
  appendfsync: 'always',
  noAppendfsyncOnRewrite: 'no',
  maxmemoryPolicy: 'noeviction',
  maxmemory: 1_000_000,
  role: 'master',
  replicas: 0,
};

const found = (settings: Partial<StoreSettings>, { isDurable = false, replicas = 0 } = {}) =>
  judge({ ...SAFE, ...settings }, { isDurable, replicas }).map(({ setting, state }) => `${setting} ${state}`);

describe('judge', () => {
  test.each<[string, Partial<StoreSettings>, string[]]>([
    ['nothing at risk', {}, []],
    [
      'no file, with any setting that would force it',
      { appendonly: 'no', appendfsync: undefined },
      ['appendonly at_risk'],
    ],
    ['a sync each second', { appendfsync: 'everysec' }, ['appendfsync at_risk']],
    ['no sync', { appendfsync: 'no' }, ['appendfsync at_risk']],
    ['no sync while the file is rewritten', { noAppendfsyncOnRewrite: 'yes' }, ['appendfsync at_risk']],
    ['eviction', { maxmemoryPolicy: 'allkeys-lru' }, ['eviction at_risk']],
    ['no bound of the memory', { maxmemory: 0 }, ['memory at_risk']],
    ['a replica that may take over', { replicas: 1 }, ['replicas at_risk']],
    ['a replica itself', { role: 'slave' }, ['replicas at_risk']],
    ['a version without functions', { version: '6.2.14' }, ['version at_risk']],
    [
      'nothing that Redis says',
      {
        version: undefined,
        appendonly: undefined,
        appendfsync: undefined,
        noAppendfsyncOnRewrite: undefined,
        maxmemoryPolicy: undefined,
        maxmemory: undefined,
        role: undefined,
        replicas: undefined,
      },
      [
        'version unknown',
        'appendonly unknown',
        'appendfsync unknown',
        'eviction unknown',
        'memory unknown',
        'replicas unknown',
      ],
    ],
    [
      'a Redis that forbids CONFIG',
      { appendfsync: undefined, noAppendfsyncOnRewrite: undefined },
      ['appendfsync unknown'],
    ],
  ])('%s, %j: %j', (_, settings, expected) => {
    expect(found(settings)).toEqual(expected);
  });

  test.each([
    ['7.0.15', true, ['version at_risk']],
    ['7.2.0', true, []],
    ['7.0.15', false, []],
    ['10.0.0', true, []],
  ])('version %s is judged, if answers wait for the disk %s: %j', (version, isDurable, expected) => {
    expect(found({ version }, { isDurable })).toEqual(expected);
  });

  test('fewer replicas than answers wait for are at risk, and the reason says how many', () => {
    const [finding] = judge({ ...SAFE, replicas: 1 }, { isDurable: false, replicas: 2 });

    expect(finding).toMatchObject({ setting: 'replicas', state: 'at_risk' });
    expect(finding?.why).toContain('waits for 2 replicas');
  });
});
