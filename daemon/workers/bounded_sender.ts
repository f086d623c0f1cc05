import { type DecisionEvent, matches } from '../quota/decision_feed';
import type { Message, Missed, Watchers } from '../quota/feed_messages';

/** Sends a message, and calls back once the channel has taken it, or is closed. */
export type Send = (message: Message, taken: () => void) => void;

/** Sends events to the watchers at the other end of a channel. A slow channel loses events, which are counted. */
export interface BoundedSender {
  /** Replaces those who watch at the other end. */
  setWatchers(watchers: Watchers): void;
  isWatched(): boolean;
  /** Sends an event if somebody there watches it. */
  publish(event: DecisionEvent): void;
  /** Reports what was lost before this channel. */
  miss(missed: Missed): void;
}

/** Events on their way: a channel that is behind gets no more, as a slow watcher would not either. */
const MOST_PENDING = 1000;

export function createBoundedSender(send: Send, mostPending = MOST_PENDING): BoundedSender {
  let watchers: Watchers = [];
  let pending = 0;
  const missed = new Map<string, number>();

  function post(message: Message): void {
    pending += 1;
    send(message, () => {
      pending -= 1;
      if (missed.size > 0) reportMissed();
    });
  }

  /** As soon as the channel takes something again, so that the next event comes after it. */
  function reportMissed(): void {
    const quotaMissed = [...missed];
    missed.clear();
    post({ quotaMissed });
  }

  function lose(id: string, count: number): void {
    missed.set(id, (missed.get(id) ?? 0) + count);
  }

  return {
    setWatchers(next) {
      watchers = next;
    },
    isWatched: () => watchers.length > 0,
    publish(event) {
      const wanting = watchers.filter(([, filter]) => matches(filter, event));
      if (wanting.length === 0) return;
      if (pending < mostPending) post({ quotaDecision: event });
      else for (const [id] of wanting) lose(id, 1);
    },
    miss(lost) {
      for (const [id, count] of lost) if (watchers.some(([watching]) => watching === id)) lose(id, count);
      if (missed.size > 0 && pending < mostPending) reportMissed();
    },
  };
}
