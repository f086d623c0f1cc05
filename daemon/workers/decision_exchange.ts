import type { Worker } from 'node:cluster';
import type { Message, Watchers } from '../quota/feed_messages';
import { type BoundedSender, createBoundedSender } from './bounded_sender';

/** Carries decisions between workers, in the primary. */
export interface DecisionExchange {
  add(worker: ExchangeWorker): void;
}

/** The parts of a worker that are used. */
export type ExchangeWorker = Pick<Worker, 'on' | 'once' | 'send'>;

interface Place {
  readonly sender: BoundedSender;
  watchers: Watchers;
}

export function createDecisionExchange(): DecisionExchange {
  const places = new Map<ExchangeWorker, Place>();

  function announce(): void {
    for (const [worker, { sender, watchers }] of places) {
      sender.setWatchers(watchers);
      const others = [...places].filter(([other]) => other !== worker);
      const quotaWatchersElsewhere = others.flatMap(([, place]) => place.watchers);
      send(worker, { quotaWatchersElsewhere });
    }
  }

  function receive(message: Message, from: ExchangeWorker): void {
    const others = [...places].filter(([worker]) => worker !== from).map(([, { sender }]) => sender);
    if ('quotaDecision' in message) for (const sender of others) sender.publish(message.quotaDecision);
    else if ('quotaMissed' in message) for (const sender of others) sender.miss(message.quotaMissed);
    else if ('quotaWatchersHere' in message) setWatchers(from, message.quotaWatchersHere);
  }

  function setWatchers(worker: ExchangeWorker, watchers: Watchers): void {
    const place = places.get(worker);
    if (place === undefined) return;
    place.watchers = watchers;
    announce();
  }

  return {
    add(worker) {
      const sender = createBoundedSender((message, taken) => send(worker, message, taken));
      places.set(worker, { sender, watchers: [] });
      worker.on('message', (message: Message) => receive(message, worker));
      worker.once('exit', () => {
        places.delete(worker);
        announce();
      });
      worker.once('online', announce);
    },
  };
}

/** The callback also takes the error of a worker that has just died. */
function send(worker: ExchangeWorker, message: Message, taken: () => void = () => undefined): void {
  worker.send(message, taken);
}
