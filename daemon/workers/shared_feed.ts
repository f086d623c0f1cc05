import type { Worker } from 'node:cluster';
import type { DecisionEvent, DecisionFeed } from '../quota/decision_feed';

/** What workers and the primary send each other about decisions. */
type Message =
  /** A decision, for those who watch at another worker. */
  | { readonly quotaDecision: DecisionEvent }
  /** From a worker: whether anybody watches there. */
  | { readonly quotaWatches: boolean }
  /** To a worker: whether anybody watches elsewhere. */
  | { readonly quotaIsWatched: boolean };

/** Events on their way to the primary; a primary that is behind gets no more, as a slow watcher would not either. */
const MOST_PENDING = 1000;

/** The feed of a worker: it carries the decisions of all workers, and sends its own only while somebody watches elsewhere. */
export function shareFeed(local: DecisionFeed): DecisionFeed {
  let isWatchedElsewhere = false;
  let watcherCount = 0;
  let pending = 0;

  function send(message: Message): void {
    if (!process.connected) return;
    pending += 1;
    process.send?.(message, undefined, undefined, () => {
      pending -= 1;
    });
  }

  function changeWatchers(by: number): void {
    const didWatch = watcherCount > 0;
    watcherCount += by;
    if (watcherCount > 0 !== didWatch) send({ quotaWatches: watcherCount > 0 });
  }

  process.on('message', (message: Message) => {
    if ('quotaDecision' in message) local.publish(message.quotaDecision);
    else if ('quotaIsWatched' in message) isWatchedElsewhere = message.quotaIsWatched;
  });

  return {
    publish(event) {
      local.publish(event);
      if (isWatchedElsewhere && pending < MOST_PENDING) send({ quotaDecision: event });
    },
    isWatched: () => isWatchedElsewhere || local.isWatched(),
    watch(filter) {
      const watcher = local.watch(filter);
      let isOpen = true;
      changeWatchers(1);
      return {
        ...watcher,
        close() {
          watcher.close();
          if (isOpen) changeWatchers(-1);
          isOpen = false;
        },
      };
    },
  };
}

export interface DecisionExchange {
  add(worker: Worker): void;
}

/** Carries decisions between workers, in the primary. */
export function createDecisionExchange(): DecisionExchange {
  const workers = new Set<Worker>();
  const watching = new Set<Worker>();

  function send(worker: Worker, message: Message): void {
    // The callback takes the error of a worker that has just died.
    worker.send(message, () => undefined);
  }

  function announce(): void {
    for (const worker of workers) {
      const quotaIsWatched = watching.size > Number(watching.has(worker));
      send(worker, { quotaIsWatched });
    }
  }

  function pass(message: Message, from: Worker): void {
    for (const watcher of watching) if (watcher !== from) send(watcher, message);
  }

  function setWatching(worker: Worker, isWatching: boolean): void {
    if (isWatching) watching.add(worker);
    else watching.delete(worker);
    announce();
  }

  return {
    add(worker) {
      workers.add(worker);
      worker.on('message', (message: Message) => {
        if ('quotaDecision' in message) pass(message, worker);
        else if ('quotaWatches' in message) setWatching(worker, message.quotaWatches);
      });
      worker.once('exit', () => {
        workers.delete(worker);
        if (watching.delete(worker)) announce();
      });
      worker.once('online', announce);
    },
  };
}
