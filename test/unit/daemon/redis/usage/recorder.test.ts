import { describe, expect, test } from '@jest/globals';
import { DeadlinePassed } from '../../../../../daemon/quota/errors';
import type { ServiceCall } from '../../../../../daemon/quota/usage';
import type { CallEntry, Recorded } from '../../../../../daemon/redis/usage/calls';
import { createRecorder } from '../../../../../daemon/redis/usage/recorder';

function callOf(subject: string): ServiceCall {
  return { subject, service: 'vente', requestId: undefined, callTimeMs: undefined };
}

/** A recorder whose store answers so, in turn, and true after that; and the entries that it was sent. */
function recorderBefore(...answers: Recorded[]) {
  const entries: CallEntry[] = [];
  const recorder = createRecorder({
    partitionOf: () => 0,
    async recordAll(_, calls) {
      entries.push(...calls);
      return calls.map(() => answers.shift() ?? true);
    },
    toStoreUs: (ms) => Math.floor(ms * 1000),
  });
  return { recorder, entries, sent: () => entries.map(({ subject }) => subject) };
}

describe('recorder', () => {
  test('a call whose caller has given up is not sent', async () => {
    const { recorder, sent } = recorderBefore();

    const given = recorder.record(callOf('1'), { isGivenUp: () => true });
    const kept = recorder.record(callOf('2'), { isGivenUp: () => false });

    await expect(given).rejects.toThrow(DeadlinePassed);
    expect(await kept).toBe(true);
    expect(sent()).toEqual(['2']);
  });

  test('a call whose deadline has passed is not sent', async () => {
    const { recorder, sent } = recorderBefore();

    const late = recorder.record(callOf('1'), { deadlineMs: performance.now() - 1 });

    await expect(late).rejects.toThrow(DeadlinePassed);
    expect(sent()).toEqual([]);
  });

  test('a deadline is sent by the clock of the store', async () => {
    const { recorder, entries } = recorderBefore();
    const deadlineMs = performance.now() + 60_000;

    await recorder.record(callOf('1'), { deadlineMs });
    await recorder.record(callOf('2'));

    expect(entries.map(({ deadlineUs }) => deadlineUs)).toEqual([Math.floor(deadlineMs * 1000), undefined]);
  });

  test('a call that the store finds late before its deadline is sent once more', async () => {
    const { recorder, sent } = recorderBefore(new DeadlinePassed());

    expect(await recorder.record(callOf('1'), { deadlineMs: performance.now() + 60_000 })).toBe(true);
    expect(sent()).toEqual(['1', '1']);
  });

  test('a call that the store finds late twice is rejected', async () => {
    const { recorder, sent } = recorderBefore(new DeadlinePassed(), new DeadlinePassed());

    const late = recorder.record(callOf('1'), { deadlineMs: performance.now() + 60_000 });

    await expect(late).rejects.toThrow(DeadlinePassed);
    expect(sent()).toEqual(['1', '1']);
  });
});
