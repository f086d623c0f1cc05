import { describe, expect, test } from '@jest/globals';
import { createLoadLimit } from '../../../../../daemon/grpc/guards/load_limit';

const LIMITED = { mayUseReserve: false };

function limitOf(most: number, least = 2) {
  const clock = { ms: 0 };
  return { clock, limit: createLoadLimit({ nowMs: () => clock.ms, least, most }) };
}

/** Lets in as many calls as there is room for. */
function fill({ limit }: ReturnType<typeof limitOf>) {
  const passages = [];
  for (let passage = limit.enter(); passage; passage = limit.enter()) passages.push(passage);
  return passages;
}

describe('load limit', () => {
  test('more calls than the limit, let in once another has ended', () => {
    const limited = limitOf(10);
    const [first] = fill(limited);
    first?.end('answered');
    first?.end('answered');

    expect(limited.limit.state().inFlight).toBe(9);
    expect(limited.limit.enter()).toBeDefined();
    expect(limited.limit.enter()).toBeUndefined();
  });

  test.each(['answered', 'dropped'] as const)('slow calls that were %s take off a tenth', (ending) => {
    const limited = limitOf(100);
    const passages = fill(limited);
    limited.clock.ms = 500;
    for (const passage of passages) passage.end(ending);

    expect(limited.limit.state()).toEqual({ limit: 90, inFlight: 0 });
  });

  test('a batch that takes longer than a single decision takes off nothing', () => {
    const limited = limitOf(100);
    const single = limited.limit.enter();
    single?.end('answered');
    const batch = limited.limit.enter();
    batch?.weigh(90, LIMITED);
    limited.clock.ms += 40;
    batch?.end('answered');

    expect(limited.limit.state().limit).toBe(100);
  });

  test('calls that never take less, as those of a distant store, take off nothing', () => {
    const limited = limitOf(100);
    for (let i = 0; i < 10; i += 1) {
      const passages = fill(limited);
      limited.clock.ms += 60;
      for (const passage of passages) passage.end('answered');
    }

    expect(limited.limit.state().limit).toBe(100);
  });

  test('slow calls in many round trips never go below the least', () => {
    const limited = limitOf(100, 20);
    for (let i = 0; i < 100; i += 1) {
      const passages = fill(limited);
      limited.clock.ms += 500;
      for (const passage of passages) passage.end('answered');
    }

    expect(limited.limit.state().limit).toBe(20);
  });

  test('quick calls afterwards bring it back to as many as before', () => {
    const limited = limitOf(100);
    const passages = fill(limited);
    limited.clock.ms = 500;
    for (const passage of passages) passage.end('answered');
    for (let i = 0; i < 200; i += 1) limited.limit.enter()?.end('answered');

    expect(limited.limit.state().limit).toBe(100);
  });

  test('calls that failed slowly, as those of a silent store do, take off nothing', () => {
    const limited = limitOf(100);
    const passages = fill(limited);
    limited.clock.ms = 500;
    for (const passage of passages) passage.end('failed');

    expect(limited.limit.state().limit).toBe(100);
  });

  test('a batch is counted by its decisions', () => {
    const { limit } = limitOf(100);
    const batch = limit.enter();
    batch?.weigh(100, LIMITED);

    expect(limit.enter()).toBeUndefined();
    batch?.end('answered');
    expect(limit.state().inFlight).toBe(0);
  });

  test('a batch that is larger than the limit is let in alone and not beside another', () => {
    const { limit } = limitOf(100);
    const [first, second] = [limit.enter(), limit.enter()];
    first?.weigh(1000, LIMITED);

    expect(second?.weigh(1000, LIMITED)).toBe(false);
  });

  test('a batch that may use the reserve is let in beyond the limit, until the reserve is used up', () => {
    const limit = createLoadLimit({ least: 1, most: 8, reserve: 0.25 });
    limit.enter()?.weigh(8, LIMITED);
    const [first, second] = [limit.enter(), limit.enter()];

    expect(first?.weigh(2, LIMITED)).toBe(false);
    expect(first?.weigh(2, { mayUseReserve: true })).toBe(true);
    expect(second?.weigh(2, { mayUseReserve: true })).toBe(false);
  });

  describe('callers that give up, however quickly', () => {
    /** So many requests, one after the other, of which each n-th is given up; they take a millisecond each. */
    function run(
      { clock, limit }: ReturnType<typeof limitOf>,
      { count, each }: { count: number; each: number },
    ) {
      for (let i = 1; i <= count; i += 1) {
        const passage = limit.enter();
        clock.ms += 1;
        passage?.end(i % each === 0 ? 'dropped' : 'answered');
      }
    }

    test('a tenth of them, halve it down to a least of its own', () => {
      const clock = { ms: 0 };
      const limit = createLoadLimit({ nowMs: () => clock.ms, least: 40, leastGivenUp: 5, most: 100 });
      run({ clock, limit }, { count: 500, each: 10 });

      expect(limit.state().limit).toBe(5);
    });

    test('one in fifty, as leave at any time, change nothing', () => {
      const limited = limitOf(100);
      run(limited, { count: 500, each: 50 });

      expect(limited.limit.state().limit).toBe(100);
    });

    test('hundreds at once, as after a pause, halve it once', () => {
      const limited = limitOf(1000);
      const passages = fill(limited);
      limited.clock.ms += 1;
      for (const passage of passages) passage.end('dropped');

      expect(limited.limit.state().limit).toBe(500);
    });

    test('it grows again once few do', () => {
      const limited = limitOf(100);
      run(limited, { count: 500, each: 10 });
      run(limited, { count: 2000, each: 100 });

      expect(limited.limit.state().limit).toBe(100);
    });
  });
});
