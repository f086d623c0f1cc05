import { describe, expect, test } from '@jest/globals';
import calculateSlot from 'cluster-key-slot';
import fc from 'fast-check';
import { createKeys, type Keys } from '../../../../daemon/redis/keys';

const UUID = '123e4567-e89b-42d3-a456-426614174000';

/** Names as the policies file allows them; those that are also the first words of keys above all. */
const nameArbitrary = fc.oneof(
  fc.constantFrom(
    'taken',
    'bucket',
    'shadow',
    'control',
    'admissions',
    'requests',
    'connections',
    'calls',
    'partitions',
    'admit',
    'record-call',
    'log',
    'usage',
    'state',
  ),
  fc.stringMatching(/^[a-z][a-z0-9-]{0,5}$/),
);

/** Subjects as the listener lets them in; those that look like parts of keys above all. */
const subjectArbitrary = fc.oneof(
  fc.constantFrom('42', '{0}', '{1}:log', ':', 'a:b', '{', '}', '{}', '{}x', `${UUID}:42`, 'log', 'admit'),
  fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }),
);

const optionsArbitrary = fc.record({
  prefix: fc.constantFrom('', 'shop:', 'a.b-c_'),
  partitions: fc.constantFrom(1, 2, 4, 1024),
});

/** Every key that one subject's script may touch. */
function keysOf(
  options: { prefix: string; partitions: number },
  subject: string,
  names: [string, string],
): string[] {
  const keys = createKeys(options);
  const partition = keys.partitionOf(subject);
  return [
    keys.taken(names[0], subject),
    keys.bucket(names[0], names[1], subject),
    keys.shadow(names[0], names[1], subject),
    keys.callRequests(subject),
    keys.control(partition),
    keys.overrides(partition),
    keys.admissions(partition, names[0]),
    keys.denials(partition, names[0]),
    ...usageKeys(keys, partition),
    ...Object.values(keys.calls(partition)),
  ];
}

function usageKeys(keys: Keys, partition: number): string[] {
  const { window, denied, refunds, ...others } = keys.usage(partition);
  const ofPolicies = ['connection', 'window'].flatMap((policy) => [denied(policy), refunds(policy)]);
  return [...Object.values(others), window(1), window(10), ...ofPolicies];
}

describe('createKeys', () => {
  test('a limit of one student has a key that an operator can read', () => {
    const keys = createKeys({ prefix: '', partitions: 1 });

    expect(keys.taken('connection', '42')).toBe('taken:{0}:connection:42');
    expect(keys.bucket('login-attempt', 'burst', '42')).toBe('bucket:{0}:login-attempt:burst:42');
    expect(keys.shadow('connection', 'tried', '42')).toBe('shadow:{0}:connection:tried:42');
  });

  test('a prefix is before every key', () => {
    const options = { prefix: 'shop:', partitions: 4 };
    const all = [...keysOf(options, '42', ['connection', 'per-window']), createKeys(options).schema];

    expect(all.filter((key) => !key.startsWith('shop:'))).toEqual([]);
  });

  test('all keys of any subject are in the slot of its partition', () => {
    fc.assert(
      fc.property(optionsArbitrary, subjectArbitrary, nameArbitrary, (options, subject, name) => {
        const partition = createKeys(options).partitionOf(subject);
        const slots = keysOf(options, subject, [name, name]).map((key) => calculateSlot(key));

        expect(new Set(slots)).toEqual(new Set([calculateSlot(`${partition}`)]));
      }),
    );
  });

  test('any two subjects and names never share one key', () => {
    const thing = fc.tuple(subjectArbitrary, nameArbitrary, nameArbitrary);
    fc.assert(
      fc.property(
        optionsArbitrary,
        thing,
        thing,
        (options, [subject, policy, limit], [subject2, policy2, limit2]) => {
          const keys = createKeys(options);
          const described = new Map<string, Set<string>>();
          const put = (key: string, what: unknown[]) =>
            described.set(key, (described.get(key) ?? new Set()).add(JSON.stringify(what)));

          for (const [who, of, which] of [
            [subject, policy, limit],
            [subject2, policy2, limit2],
          ] as const) {
            put(keys.taken(of, who), ['taken', of, who]);
            put(keys.bucket(of, which, who), ['bucket', of, which, who]);
            put(keys.shadow(of, which, who), ['shadow', of, which, who]);
            put(keys.callRequests(who), ['requests', who]);
            const partition = keys.partitionOf(who);
            put(keys.admissions(partition, of), ['admissions', partition, of]);
            put(keys.denials(partition, of), ['denials', partition, of]);
            for (const key of [
              ...usageKeys(keys, partition),
              keys.control(partition),
              keys.overrides(partition),
            ])
              put(key, ['partition', key]);
            for (const key of Object.values(keys.calls(partition))) put(key, ['calls', key]);
          }
          put(keys.schema, ['schema']);

          expect([...described.values()].filter((what) => what.size > 1)).toEqual([]);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('a thousand subjects in four partitions are spread about evenly', () => {
    const keys = createKeys({ prefix: '', partitions: 4 });
    const sizes = [0, 0, 0, 0];
    for (let subject = 0; subject < 1000; subject += 1) {
      const partition = keys.partitionOf(String(subject));
      sizes[partition] = (sizes[partition] ?? 0) + 1;
    }

    expect(sizes).toHaveLength(4);
    for (const size of sizes) expect(Math.abs(size - 250)).toBeLessThan(75);
  });

  test('one partition holds everyone', () => {
    const keys = createKeys({ prefix: '', partitions: 1 });

    expect(['42', 'étudiant', '{7}'].map(keys.partitionOf)).toEqual([0, 0, 0]);
  });

  test('a subject that looks like a hash tag is in the partition of what Redis Cluster would hash', () => {
    const keys = createKeys({ prefix: '', partitions: 1024 });

    expect(keys.partitionOf('{42}')).toBe(keys.partitionOf('42'));
  });
});
