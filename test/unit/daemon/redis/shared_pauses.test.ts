import { expect, test } from '@jest/globals';
import { createSharedPauses } from '../../../../daemon/redis/shared_pauses';

const STEP_MS = 50;
const COUNT = 100;

test('shared pauses: many of different lengths end in a few turns of the event loop, and none too early', async () => {
  const pauseTogether = createSharedPauses(STEP_MS);
  let turn = 0;
  const startMs = performance.now();
  const pauses = Array.from({ length: COUNT }, async (_, at) => {
    await pauseTogether(at);
    const endMs = performance.now();
    // The same for all that go on in this turn.
    setImmediate(() => {
      turn += 1;
    });
    return { turn, lastedMs: endMs - startMs, askedMs: at };
  });
  const ended = await Promise.all(pauses);

  // Of two or three steps; a turn more for each is harmless.
  expect(new Set(ended.map((each) => each.turn)).size).toBeLessThanOrEqual(2 * (COUNT / STEP_MS + 1));
  // Timers count whole milliseconds.
  expect(ended.filter(({ lastedMs, askedMs }) => lastedMs < askedMs - 2)).toEqual([]);
});

test('shared pauses: one that is asked for after a step has ended waits for the next', async () => {
  const pauseTogether = createSharedPauses(STEP_MS);
  await pauseTogether(1);
  const startMs = performance.now();
  await pauseTogether(STEP_MS);

  expect(performance.now() - startMs).toBeGreaterThanOrEqual(STEP_MS - 2);
});
