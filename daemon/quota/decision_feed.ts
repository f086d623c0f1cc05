import type { Admission, Decision } from './admission';

/** Subscribes to decisions: each is published once, to each listener. Two arguments, as most need no event made. */
export type DecisionListener = (admission: Admission, decision: Decision) => void;

/** One decision, as watchers receive it. */
export interface DecisionEvent {
  readonly admission: Admission;
  readonly decision: Decision;
}

/** What a watcher wants to hear of; undefined means all. */
export interface DecisionFilter {
  readonly subject: string | undefined;
  readonly policy: string | undefined;
  readonly admitted: boolean | undefined;
}

/** An event, and how many there were between it and the one before that did not fit in the watcher's place. */
export interface WatchedEvent extends DecisionEvent {
  readonly missedCount: number;
}

/** One watcher's place in the feed. */
export interface Watcher {
  /** Answers the next event; undefined where none is waiting. */
  take(): WatchedEvent | undefined;
  /** Is called when an event has come to an empty place. */
  onEvent(wake: () => void): void;
  close(): void;
}

/** Tells decisions to those who watch. Nobody who watches can slow it: what does not fit in a place is missed. */
export interface DecisionFeed {
  publish(event: DecisionEvent): void;
  /** Whether anybody would receive an event now. */
  isWatched(): boolean;
  watch(filter: DecisionFilter): Watcher;
}

/** Events that wait for a slow watcher: some seconds of a busy daemon, some hundred kilobytes. */
const PLACE_SIZE = 1000;

export function createDecisionFeed({ placeSize = PLACE_SIZE }: { placeSize?: number } = {}): DecisionFeed {
  const places = new Set<(event: DecisionEvent) => void>();

  return {
    publish(event) {
      for (const offer of places) offer(event);
    },

    isWatched: () => places.size > 0,

    watch(filter) {
      const waiting: WatchedEvent[] = [];
      let missedCount = 0;
      let wake: () => void = () => undefined;
      const offer = (event: DecisionEvent) => {
        if (!matches(filter, event)) return;
        if (waiting.length >= placeSize) {
          missedCount += 1;
          return;
        }
        waiting.push({ ...event, missedCount });
        missedCount = 0;
        if (waiting.length === 1) wake();
      };
      places.add(offer);
      return {
        take: () => waiting.shift(),
        onEvent(callback) {
          wake = callback;
        },
        close: () => places.delete(offer),
      };
    },
  };
}

/** Publishes decisions in a feed; while nobody watches, that costs next to nothing. */
export function publishTo(feed: Pick<DecisionFeed, 'isWatched' | 'publish'>): DecisionListener {
  return (admission, decision) => {
    if (feed.isWatched()) feed.publish({ admission, decision });
  };
}

function matches(
  { subject, policy, admitted }: DecisionFilter,
  { admission, decision }: DecisionEvent,
): boolean {
  return (
    (subject === undefined || subject === admission.subject) &&
    (policy === undefined || policy === admission.policy) &&
    (admitted === undefined || admitted === decision.admitted)
  );
}
