import { describe, expect, test } from '@jest/globals';
import { createDecisionFeed, type DecisionEvent, publishTo } from '../../../../daemon/quota/decision_feed';

const EVERYTHING = { subject: undefined, policy: undefined, verdict: undefined };

function event({ subject = '42', policy = 'connection', admitted = true } = {}): DecisionEvent {
  return {
    admission: { subject, policy, cost: 1, requestId: undefined },
    decision: { admitted, isRepeat: false, limits: [], retryDelayUs: undefined, decidedUs: 7 },
  };
}

describe('decision feed', () => {
  test('events before the first watcher are sent to nobody', () => {
    const feed = createDecisionFeed();
    feed.publish(event());

    expect(feed.watch(EVERYTHING).take()).toBeUndefined();
  });

  test('several watchers each receive everything in order', () => {
    const feed = createDecisionFeed();
    const watchers = [feed.watch(EVERYTHING), feed.watch(EVERYTHING)];
    for (const subject of ['a', 'b']) feed.publish(event({ subject }));

    for (const watcher of watchers) {
      expect([watcher.take(), watcher.take()].map((told) => told?.admission.subject)).toEqual(['a', 'b']);
      expect(watcher.take()).toBeUndefined();
    }
  });

  test.each([
    { filter: { ...EVERYTHING, subject: 'b' }, told: ['b'] },
    { filter: { ...EVERYTHING, policy: 'other' }, told: ['c'] },
    { filter: { ...EVERYTHING, verdict: 'denied' as const }, told: ['d'] },
  ])('a filter of $filter lets only what matches through', ({ filter, told }) => {
    const feed = createDecisionFeed();
    const watcher = feed.watch(filter);
    feed.publish(event({ subject: 'a' }));
    feed.publish(event({ subject: 'b' }));
    feed.publish(event({ subject: 'c', policy: 'other' }));
    feed.publish(event({ subject: 'd', admitted: false }));

    expect([watcher.take(), watcher.take()].map((each) => each?.admission.subject)).toEqual([
      ...told,
      undefined,
    ]);
  });

  test('a watcher that is too slow misses events, and the next that fits shows how many', () => {
    const feed = createDecisionFeed({ placeSize: 2 });
    const watcher = feed.watch(EVERYTHING);
    for (const subject of ['a', 'b', 'missed', 'missed', 'missed']) feed.publish(event({ subject }));
    const first = watcher.take();
    feed.publish(event({ subject: 'c' }));

    const told = [first, watcher.take(), watcher.take()];
    expect(told.map((each) => [each?.admission.subject, each?.missedCount])).toEqual([
      ['a', 0],
      ['b', 0],
      ['c', 3],
    ]);
  });

  test('events that were lost on their way to a watcher are counted with those that did not fit', () => {
    const feed = createDecisionFeed({ placeSize: 1 });
    const watcher = feed.watch(EVERYTHING);
    for (const subject of ['a', 'missed']) feed.publish(event({ subject }));
    watcher.miss(3);
    const first = watcher.take();
    feed.publish(event({ subject: 'b' }));

    expect([first, watcher.take()].map((each) => each?.missedCount)).toEqual([0, 4]);
  });

  test('a watcher that waits is woken by the first event and not by those behind it', () => {
    const feed = createDecisionFeed();
    const watcher = feed.watch(EVERYTHING);
    let wakes = 0;
    watcher.onEvent(() => {
      wakes += 1;
    });
    feed.publish(event());
    feed.publish(event());

    expect(wakes).toBe(1);
  });

  test('a watcher that has left receives nothing', () => {
    const feed = createDecisionFeed();
    const watcher = feed.watch(EVERYTHING);
    watcher.close();
    feed.publish(event());

    expect(watcher.take()).toBeUndefined();
  });
});

describe('publishTo', () => {
  const { admission, decision } = event();

  test('nobody watches, no event is published', () => {
    const published: DecisionEvent[] = [];
    const feed = { isWatched: () => false, publish: (each: DecisionEvent) => void published.push(each) };
    publishTo(feed)(admission, decision);

    expect(published).toEqual([]);
  });

  test('somebody who watches until the place is closed gets the events of that time', () => {
    const feed = createDecisionFeed();
    const listen = publishTo(feed);
    const watcher = feed.watch({ subject: undefined, policy: undefined, verdict: undefined });
    listen(admission, decision);
    watcher.close();

    expect([watcher.take(), feed.isWatched()]).toEqual([{ admission, decision, missedCount: 0 }, false]);
  });
});
