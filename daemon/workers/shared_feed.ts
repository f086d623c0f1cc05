import { randomUUID } from 'node:crypto';
import type { DecisionFeed, DecisionFilter, Watcher } from '../quota/decision_feed';
import type { FeedChannel } from '../quota/feed_messages';
import { createBoundedSender } from './bounded_sender';

/** A feed that is shared through a channel. */
export interface Sharing {
  readonly channel: FeedChannel;
  /** Receives what others have decided; the feed itself unless given, which may pass it on. */
  readonly received?: Pick<DecisionFeed, 'publish'>;
}

/** A feed that carries the decisions of all processes, and sends its own only to those who watch them elsewhere. */
export function shareFeed(local: DecisionFeed, { channel, received = local }: Sharing): DecisionFeed {
  const elsewhere = createBoundedSender(channel.send);
  const here = new Map<string, { filter: DecisionFilter; watcher: Watcher }>();

  function announce(): void {
    const quotaWatchersHere = [...here].map(([id, { filter }]) => [id, filter] as const);
    channel.send({ quotaWatchersHere }, () => undefined);
  }

  channel.onMessage((message) => {
    if ('quotaDecision' in message) received.publish(message.quotaDecision);
    else if ('quotaWatchersElsewhere' in message) elsewhere.setWatchers(message.quotaWatchersElsewhere);
    else if ('quotaMissed' in message)
      for (const [id, count] of message.quotaMissed) here.get(id)?.watcher.miss(count);
  });

  return {
    publish(event) {
      local.publish(event);
      elsewhere.publish(event);
    },
    isWatched: () => elsewhere.isWatched() || local.isWatched(),
    watch(filter) {
      const watcher = local.watch(filter);
      const id = randomUUID();
      here.set(id, { filter, watcher });
      announce();
      return {
        ...watcher,
        close() {
          watcher.close();
          if (here.delete(id)) announce();
        },
      };
    },
  };
}

/** The channel that node:cluster gives a worker, to its primary. */
export function processChannel(): FeedChannel {
  return {
    send(message, taken) {
      if (process.connected) process.send?.(message, undefined, undefined, taken);
      else taken();
    },
    onMessage: (listen) => void process.on('message', listen),
  };
}
