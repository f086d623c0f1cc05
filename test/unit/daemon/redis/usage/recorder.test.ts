import { describe, expect, test } from '@jest/globals';
import { DeadlinePassed } from '../../../../../daemon/quota/errors';
import type { ServiceCall } from '../../../../../daemon/quota/usage';
import { createRecorder } from '../../../../../daemon/redis/usage/recorder';

function callOf(subject: string): ServiceCall {
  return { subject, service: 'vente', requestId: undefined, callTimeMs: undefined };
}

/** A recorder whose store records everything, and the subjects that it was sent. */
function recorderBefore() {
  const sent: string[] = [];
  const recorder = createRecorder({
    partitionOf: () => 0,
    async recordAll(_, calls) {
      sent.push(...calls.map(({ subject }) => subject));
      return calls.map(() => true);
    },
  });
  return { recorder, sent };
}

describe('recorder', () => {
  test('a call whose caller has given up, not sent', async () => {
    const { recorder, sent } = recorderBefore();

    const given = recorder.record(callOf('1'), { isGivenUp: () => true });
    const kept = recorder.record(callOf('2'), { isGivenUp: () => false });

    await expect(given).rejects.toThrow(DeadlinePassed);
    expect(await kept).toBe(true);
    expect(sent).toEqual(['2']);
  });

  test('a call whose deadline has passed, not sent', async () => {
    const { recorder, sent } = recorderBefore();

    const late = recorder.record(callOf('1'), { deadlineMs: performance.now() - 1 });

    await expect(late).rejects.toThrow(DeadlinePassed);
    expect(sent).toEqual([]);
  });
});
