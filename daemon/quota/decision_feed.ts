import type { Admission, Decision } from './admission';
import type { RefundListener } from './refund';

/** Subscribes to decisions: each is published once, to each listener. Two arguments, as most need no event made. */
export type DecisionListener = (admission: Admission, decision: Decision) => void;

/** One decision, or one refund of what was admitted, as watchers receive it. */
export interface DecisionEvent {
  readonly admission: Admission;
  readonly decision: Decision;
  /** True if what was admitted is given back: the decision then shows how the limits stand since, and when that was. */
  readonly isRefund?: boolean;
}

/** The result that an event reports. */
export type Verdict = 'admitted' | 'denied' | 'refunded';

export function verdictOf({ decision, isRefund }: DecisionEvent): Verdict {
  if (isRefund) return 'refunded';
  return decision.admitted ? 'admitted' : 'denied';
}

/** The events that a watcher wants; undefined means all. */
export interface DecisionFilter {
  readonly subject: string | undefined;
  readonly policy: string | undefined;
  readonly verdict: Verdict | undefined;
}

/** An event, and how many were dropped just before it because the watcher's buffer was full. */
export interface WatchedEvent extends DecisionEvent {
  readonly missedCount: number;
}

/** One watcher's buffer in the feed. */
export interface Watcher {
  /** Returns the next event; undefined if none is waiting. */
  take(): WatchedEvent | undefined;
  /** Called when an event arrives in an empty buffer. */
  onEvent(wake: () => void): void;
  /** Counts events that were lost on their way here: the next event reports them. */
  miss(count: number): void;
  close(): void;
}

/** Sends decisions to watchers. A watcher cannot slow it down: what does not fit in its buffer is missed. */
export interface DecisionFeed {
  publish(event: DecisionEvent): void;
  /** Whether anybody would receive an event now. */
  isWatched(): boolean;
  watch(filter: DecisionFilter): Watcher;
}

/** The most events that wait for a slow watcher: some seconds of a busy daemon, some hundred kilobytes. */
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
        miss(count) {
          missedCount += count;
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

/** Publishes refunds in a feed. */
export function publishRefundsTo(feed: Pick<DecisionFeed, 'isWatched' | 'publish'>): RefundListener {
  return (request, { cost, limits, refundedUs: decidedUs, degraded }) => {
    if (!feed.isWatched()) return;
    const decision = {
      admitted: true,
      isRepeat: false,
      limits,
      retryDelayUs: undefined,
      decidedUs,
      degraded,
    };
    feed.publish({ admission: { ...request, cost }, decision, isRefund: true });
  };
}

/** Whether a watcher wants an event. */
export function matches({ subject, policy, verdict }: DecisionFilter, event: DecisionEvent): boolean {
  const { admission } = event;
  return (
    (subject === undefined || subject === admission.subject) &&
    (policy === undefined || policy === admission.policy) &&
    (verdict === undefined || verdict === verdictOf(event))
  );
}
