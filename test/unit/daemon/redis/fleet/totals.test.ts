import { describe, expect, test } from '@jest/globals';
import type { DecisionEvent } from '../../../../../daemon/quota/decision_feed';
import type { Watchers } from '../../../../../daemon/quota/feed_messages';
import { createReceivedTotals, createSentTotals } from '../../../../../daemon/redis/fleet/totals';

const EVERYTHING = { subject: undefined, policy: undefined, verdict: undefined };
const WATCHERS: Watchers = [
  ['all', EVERYTHING],
  ['only-b', { ...EVERYTHING, subject: 'b' }],
];

function eventOf(subject: string): DecisionEvent {
  return {
    admission: { subject, policy: 'connection', cost: 1, requestId: undefined },
    decision: { admitted: true, isRepeat: false, limits: [], retryDelayUs: undefined, decidedUs: 7 },
  };
}

/** A process that publishes, and one that receives what comes through. */
function channel() {
  const sent = createSentTotals();
  const received = createReceivedTotals();
  sent.setWatchers(WATCHERS);
  const publish = (...subjects: string[]) => {
    const events = subjects.map(eventOf);
    for (const event of events) sent.count(event, WATCHERS);
    return { from: 'one', events, totals: sent.current() };
  };
  const missed = (message: ReturnType<typeof publish>) => received.missed({ ...message, here: WATCHERS });
  return { sent, publish, missed };
}

describe('totals of decisions', () => {
  test('those of which each has come miss nothing', () => {
    const { publish, missed } = channel();

    expect([missed(publish('a', 'b')), missed(publish('b'))]).toEqual([[], []]);
  });

  test('a message that did not come is missed by those who watch them, and once', () => {
    const { publish, missed } = channel();
    missed(publish('a', 'b'));
    publish('a', 'a', 'b');

    expect(missed(publish('a'))).toEqual([
      ['all', 3],
      ['only-b', 1],
    ]);
    expect(missed(publish('a'))).toEqual([]);
  });

  test('those that were lost before they were published are missed as well', () => {
    const { sent, publish, missed } = channel();
    sent.lose([['only-b', 4]]);

    expect(missed(publish('b'))).toEqual([['only-b', 4]]);
  });

  test('those of two processes are each counted by themselves', () => {
    const { publish, missed } = channel();
    missed(publish('a'));

    expect(missed({ ...publish('a'), from: 'two' })).toEqual([['all', 1]]);
  });

  test('those of somebody who watches no more are forgotten', () => {
    const { sent, publish } = channel();
    publish('a', 'b');
    sent.setWatchers(WATCHERS.slice(0, 1));

    expect(sent.current()).toEqual([['all', 2]]);
  });
});
