import type { DecisionEvent, DecisionFilter } from './decision_feed';

/** The watchers, by unique id. */
export type Watchers = readonly (readonly [id: string, filter: DecisionFilter])[];

/** How many events each watcher has missed. */
export type Missed = readonly (readonly [id: string, count: number])[];

/** What processes send each other about decisions. */
export type Message =
  /** A decision that somebody elsewhere watches. */
  | { readonly quotaDecision: DecisionEvent }
  /** How many decisions were lost between those before and after this message. */
  | { readonly quotaMissed: Missed }
  /** To the others: all that watch here. */
  | { readonly quotaWatchersHere: Watchers }
  /** From the others: all that watch elsewhere. */
  | { readonly quotaWatchersElsewhere: Watchers };

/** The way to other processes, and from them. */
export interface FeedChannel {
  /** Sends a message, and calls back once the channel has taken it, or is closed. */
  send(message: Message, taken: () => void): void;
  onMessage(listen: (message: Message) => void): void;
}
