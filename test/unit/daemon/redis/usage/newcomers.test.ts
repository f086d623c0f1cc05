import { getEventListeners, getMaxListeners } from 'node:events';
import { afterEach, expect, jest, test } from '@jest/globals';
import { pino } from 'pino';
import { createRegistrations } from '../../../../../daemon/redis/usage/newcomers';

const PARTITIONS = 300;

afterEach(() => {
  jest.restoreAllMocks();
});

/** The signals of all controllers that are made from now on. */
function watchSignals(): Set<AbortSignal> {
  const signals = new Set<AbortSignal>();
  const { get } = Object.getOwnPropertyDescriptor(AbortController.prototype, 'signal') ?? {};
  jest.spyOn(AbortController.prototype, 'signal', 'get').mockImplementation(function (this: AbortController) {
    const signal = get?.call(this) as AbortSignal;
    signals.add(signal);
    return signal;
  });
  return signals;
}

test('newcomers: many partitions that pause at once cause no warning of a leak, and each is registered', async () => {
  const signals = watchSignals();
  const registered: number[] = [];
  const registrations = createRegistrations(
    async (partition) => {
      registered.push(partition);
    },
    pino({ level: 'silent' }),
  );
  for (let partition = 0; partition < PARTITIONS; partition += 1) registrations.start(partition);
  await Promise.resolve();

  const [signal] = signals;
  if (signal === undefined) throw new Error('nothing would end the pauses');
  expect(getEventListeners(signal, 'abort')).toHaveLength(PARTITIONS);
  expect(getMaxListeners(signal)).toBeGreaterThanOrEqual(PARTITIONS);
  await registrations.settle();
  expect(registered).toHaveLength(PARTITIONS);
});
