import { afterEach, describe, expect, test } from '@jest/globals';
import { type Redis, ReplyError } from 'ioredis';
import { pino } from 'pino';
import { createProbe, type Probe } from '../../../../daemon/redis/probe';
import { until } from '../../../helpers/wait';

const probes: Probe[] = [];
afterEach(() => {
  for (const probe of probes.splice(0)) probe.stop();
});

const silence = new Error('Command timed out');
const reply = (message: string) => new (ReplyError as ErrorConstructor)(message);

/** A probe of a Redis that answers the trials one after the other with these, and the last one for ever. */
async function probe(...answers: (Error | 'OK')[]) {
  let trials = 0;
  const redis = {
    async set() {
      const answer = answers[trials] ?? answers.at(-1);
      trials += 1;
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  const started = createProbe({
    redis: redis as unknown as Redis,
    name: 'test',
    key: 'probe:{0}',
    logger: pino({ level: 'silent' }),
    intervalMs: 1,
  });
  probes.push(started);
  const seen: boolean[] = [];
  const original = redis.set;
  redis.set = () => {
    if (trials > 0 && seen.length < answers.length) seen.push(started.isUsable());
    return original();
  };
  await started.start();
  await until('every trial', () => trials > answers.length);
  return seen;
}

describe('createProbe', () => {
  test('a Redis that takes writes is usable', async () => {
    expect(await probe('OK', 'OK')).toEqual([true, true]);
  });

  test('a Redis that never answered is unusable', async () => {
    expect(await probe(silence, silence)).toEqual([false, false]);
  });

  test('two silences in a row leave it usable; a third does not', async () => {
    expect(await probe('OK', silence, silence, 'OK', silence, silence, silence)).toEqual([
      ...Array(6).fill(true),
      false,
    ]);
  });

  test.each([
    "READONLY You can't write against a read only replica.",
    "OOM command not allowed when used memory > 'maxmemory'.",
    'MISCONF Redis is configured to save RDB snapshots',
  ])('the refusal %s, unusable at once, and usable once a write is taken', async (message) => {
    expect(await probe('OK', reply(message), 'OK')).toEqual([true, false, true]);
  });

  test('a Redis that says it is busy counts as if it were silent', async () => {
    expect(await probe('OK', reply('BUSY Redis is busy running a script.'))).toEqual([true, true]);
  });
});
