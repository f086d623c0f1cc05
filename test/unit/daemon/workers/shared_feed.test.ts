import { describe, expect, test } from '@jest/globals';
import { createDecisionFeed, type DecisionEvent } from '../../../../daemon/quota/decision_feed';
import type { FeedChannel, Message } from '../../../../daemon/quota/feed_messages';
import { createBoundedSender } from '../../../../daemon/workers/bounded_sender';
import { createDecisionExchange, type ExchangeWorker } from '../../../../daemon/workers/decision_exchange';
import { shareFeed } from '../../../../daemon/workers/shared_feed';

const EVERYTHING = { subject: undefined, policy: undefined, verdict: undefined };
const ONLY_B = { ...EVERYTHING, subject: 'b' };

function eventOf(subject: string): DecisionEvent {
  return {
    admission: { subject, policy: 'connection', cost: 1, requestId: undefined },
    decision: { admitted: true, isRepeat: false, limits: [], retryDelayUs: undefined, decidedUs: 7 },
  };
}

/** A channel that notes what it is given, and has taken it once that is said. */
function slowChannel() {
  const sent: Message[] = [];
  const waiting: (() => void)[] = [];
  return {
    sent,
    send(message: Message, taken: () => void) {
      sent.push(message);
      waiting.push(taken);
    },
    takeOne: () => waiting.shift()?.(),
  };
}

const subjectsOf = (messages: readonly Message[]) =>
  messages.map((message) => ('quotaDecision' in message ? message.quotaDecision.admission.subject : message));

describe('bounded sender', () => {
  test('events that the channel does not take are counted for those who watch them, before the next event', () => {
    const channel = slowChannel();
    const sender = createBoundedSender(channel.send, 2);
    sender.setWatchers([
      ['1', EVERYTHING],
      ['2', ONLY_B],
    ]);
    for (const subject of ['a', 'a', 'a', 'b', 'a']) sender.publish(eventOf(subject));
    channel.takeOne();
    channel.takeOne();
    sender.publish(eventOf('c'));

    const quotaMissed = [
      ['1', 3],
      ['2', 1],
    ];
    expect(subjectsOf(channel.sent)).toEqual(['a', 'a', { quotaMissed }, 'c']);
  });

  test('an event that nobody there watches is not sent', () => {
    const channel = slowChannel();
    const sender = createBoundedSender(channel.send);
    sender.setWatchers([['2', ONLY_B]]);
    for (const subject of ['a', 'b']) sender.publish(eventOf(subject));

    expect(subjectsOf(channel.sent)).toEqual(['b']);
  });
});

/** A primary and its workers, whose messages come at once, unless a worker is stopped. */
function startWorkers(count: number) {
  const exchange = createDecisionExchange();
  return Array.from({ length: count }, () => {
    const listeners = new Map<string, (message?: Message) => void>();
    let deliver: (message: Message) => void = () => undefined;
    let isStopped = false;
    const held: (() => void)[] = [];
    const on = (name: string, listener: (message?: Message) => void) => listeners.set(name, listener);
    const worker = {
      on,
      once: on,
      send(message: Message, taken: () => void) {
        const arrive = () => {
          deliver(structuredClone(message));
          taken();
        };
        if (isStopped) held.push(arrive);
        else arrive();
        return true;
      },
    };
    exchange.add(worker as unknown as ExchangeWorker);
    const channel: FeedChannel = {
      send(message, taken) {
        listeners.get('message')?.(structuredClone(message));
        taken();
      },
      onMessage(listen) {
        deliver = listen;
      },
    };
    const feed = shareFeed(createDecisionFeed(), { channel });
    return {
      feed,
      exit: () => listeners.get('exit')?.(),
      stop() {
        isStopped = true;
      },
      goOn() {
        for (let arrive = held.shift(); arrive !== undefined; arrive = held.shift()) arrive();
        isStopped = false;
      },
    };
  });
}

describe('the feeds of workers', () => {
  test('a watcher at one worker receives what the others decide if it wants that', () => {
    const [one, two] = startWorkers(2);
    const watcher = one?.feed.watch(ONLY_B);
    for (const subject of ['a', 'b']) two?.feed.publish(eventOf(subject));

    const told = [watcher?.take(), watcher?.take()];
    expect(told.map((each) => each?.admission.subject)).toEqual(['b', undefined]);
  });

  test('without watchers, or only at the deciding worker: no worker counts as watched elsewhere', () => {
    const [one, two] = startWorkers(2);
    const watcher = one?.feed.watch(EVERYTHING);
    const whileWatched = [one?.feed.isWatched(), two?.feed.isWatched()];
    watcher?.close();

    expect(whileWatched).toEqual([true, true]);
    expect([one?.feed.isWatched(), two?.feed.isWatched()]).toEqual([false, false]);
  });

  test('a worker is too busy to receive: its watcher learns how many it missed', () => {
    const [one, two] = startWorkers(2);
    const watcher = one?.feed.watch(ONLY_B);
    one?.stop();
    for (let at = 0; at < 1500; at += 1) two?.feed.publish(eventOf(at % 3 === 0 ? 'a' : 'b'));
    for (let at = 0; at < 100; at += 1) two?.feed.publish(eventOf('b'));
    one?.goOn();
    const arrived: (number | undefined)[] = [];
    for (let told = watcher?.take(); told !== undefined; told = watcher?.take())
      arrived.push(told.missedCount);
    two?.feed.publish(eventOf('b'));

    expect(arrived).toEqual(Array(1000).fill(0));
    expect(watcher?.take()?.missedCount).toBe(100);
  });

  test('nobody watches at a worker that has ended', () => {
    const [one, two] = startWorkers(2);
    one?.feed.watch(EVERYTHING);
    one?.exit();

    expect(two?.feed.isWatched()).toBe(false);
  });
});
