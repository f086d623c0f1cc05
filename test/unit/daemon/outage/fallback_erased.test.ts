import { describe, expect, test } from '@jest/globals';
import { decisionBy } from '../../../helpers/conformance/store_factory';
import { admission, createUnreliable, ruled } from '../../../helpers/unreliable_store';

describe('fallback: a subject that is erased', () => {
  const hashOf = (subject: string) => `hash of ${subject}`;
  const nowUs = () => (performance.timeOrigin + performance.now()) * 1000;
  const LATER_US = 60_000_000;
  const none = new Map<string, number>();

  async function remainingOf({ fallback }: ReturnType<typeof createUnreliable>, subject = 'ada') {
    const { limits } = await decisionBy(fallback.store, admission(subject), ruled('local'));
    return limits[0]?.remaining;
  }

  test.each([
    ['by name', (us: number) => ({ named: new Map([['ada', us]]), hashed: none })],
    ['by its hash', (us: number) => ({ named: none, hashed: new Map([[hashOf('ada'), us]]) })],
  ])('what the store had said of it is forgotten, %s', async (_, erasedAt) => {
    const unreliable = createUnreliable({ hashOf });
    const before = await remainingOf(unreliable);
    await unreliable.fallback.dropErased(erasedAt(nowUs() + LATER_US));
    unreliable.state.fails = 'before';

    expect([before, await remainingOf(unreliable)]).toEqual([2, 2]);
  });

  test.each([
    ['by name', (us: number) => ({ named: new Map([['ada', us]]), hashed: none })],
    ['by its hash', (us: number) => ({ named: none, hashed: new Map([[hashOf('ada'), us]]) })],
  ])('what it took without the store is forgotten and never written, %s', async (_, erasedAt) => {
    const unreliable = createUnreliable({ hashOf });
    const { fallback, state, restored } = unreliable;
    state.fails = 'before';
    for (const subject of ['ada', 'bob']) await remainingOf(unreliable, subject);
    await fallback.dropErased(erasedAt(nowUs() + LATER_US));
    const counts = { ...fallback.state() };
    const left = [await remainingOf(unreliable), await remainingOf(unreliable, 'bob')];
    await fallback.dropErased(erasedAt(nowUs() + LATER_US));
    state.fails = 'never';
    await fallback.stop();

    expect(counts).toMatchObject({ journalEntries: 1, localSubjects: 1 });
    expect(left).toEqual([2, 1]);
    expect(restored.map(({ admission: { subject } }) => subject)).toEqual(['bob', 'bob']);
  });

  test('what it does after its erasure began stays', async () => {
    const unreliable = createUnreliable({ hashOf });
    const { fallback, state } = unreliable;
    await remainingOf(unreliable);
    state.fails = 'before';
    const erasedUs = nowUs() - LATER_US;
    await remainingOf(unreliable);
    await fallback.dropErased({ named: new Map([['ada', erasedUs]]), hashed: none });

    expect(fallback.state()).toMatchObject({ journalEntries: 1, localSubjects: 1 });
    expect(await remainingOf(unreliable)).toBe(0);
  });
});
