import type { Logger } from 'pino';
import type { DecisionEvent } from '../../quota/decision_feed';
import type { FeedChannel, Message, Watchers } from '../../quota/feed_messages';
import type { FleetKeys } from '../keys';
import { type Database, masterOf } from '../nodes';
import { pack, unpack } from '../packing';
import { createSubscription } from './subscription';
import { createReceivedTotals, createSentTotals, type Totals } from './totals';

/** Decisions within this time are published together. */
const FLUSH_MS = 50;

/** A watcher is forgotten unless its process reports it again within this time. */
const WATCHING_MS = 5_000;

/** What one process publishes in one message. */
interface Published {
  readonly from: string;
  readonly daemon: string;
  readonly events: readonly DecisionEvent[];
  readonly totals: Totals;
}

/** The channel of decisions between the daemons of a store. It carries nothing while nobody watches. */
export interface FleetChannel extends FeedChannel {
  /** Learns who watches elsewhere, and reports again who watches here. */
  beat(): Promise<void>;
  stop(): Promise<void>;
}

export interface FleetChannelOptions {
  readonly redis: Database;
  readonly keys: FleetKeys;
  /** Opens the connection that receives decisions, while somebody watches here. */
  readonly openSubscriber: () => Database;
  readonly self: { readonly processId: string; readonly daemonId: string };
  readonly logger: Logger;
}

export function createFleetChannel(options: FleetChannelOptions): FleetChannel {
  const { redis, keys, openSubscriber, self, logger } = options;
  const sent = createSentTotals();
  const received = createReceivedTotals();
  const subscription = createSubscription({
    open: openSubscriber,
    channel: keys.decisions,
    onMessage: receive,
    logger,
  });
  let here: Watchers = [];
  let elsewhere: Watchers = [];
  let waiting: { event: DecisionEvent; taken: () => void }[] = [];
  let timer: NodeJS.Timeout | undefined;
  let listen: (message: Message) => void = () => undefined;

  function receive(bytes: Buffer): void {
    const { from, daemon, events, totals } = unpack(bytes) as Published;
    // The processes of one daemon have their own channel.
    if (daemon === self.daemonId) return;
    const quotaMissed = received.missed({ from, totals, events, here });
    if (quotaMissed.length > 0) listen({ quotaMissed });
    for (const quotaDecision of events) listen({ quotaDecision });
  }

  function schedule(): void {
    timer ??= setTimeout(flush, FLUSH_MS).unref();
  }

  async function flush(): Promise<void> {
    const batch = waiting;
    waiting = [];
    const events = batch.map(({ event }) => event);
    const message = { from: self.processId, daemon: self.daemonId, events, totals: sent.current() };
    try {
      await masterOf(redis, keys.decisions).publish(keys.decisions, pack(message));
    } catch (error) {
      // Its decisions are counted in the totals of the next message.
      logger.debug({ err: error }, 'decisions were not published');
    }
    timer = undefined;
    for (const { taken } of batch) taken();
    if (waiting.length > 0) schedule();
  }

  /** Reports who watches here, while somebody does. */
  async function announce(): Promise<void> {
    if (here.length === 0) {
      await redis.hdel(keys.watching, self.processId);
      return;
    }
    const record = JSON.stringify({ daemon: self.daemonId, watchers: here });
    await Promise.all([
      redis.hset(keys.watching, self.processId, record),
      redis.pexpire(keys.watching, WATCHING_MS),
    ]);
  }

  async function learn(): Promise<void> {
    const records = Object.values(await redis.hgetall(keys.watching));
    elsewhere = records.flatMap((text) => {
      const { daemon, watchers } = JSON.parse(text) as { daemon: string; watchers: Watchers };
      return daemon === self.daemonId ? [] : watchers;
    });
    sent.setWatchers(elsewhere);
    listen({ quotaWatchersElsewhere: elsewhere });
  }

  function setWatchersHere(watchers: Watchers): void {
    here = watchers;
    if (here.length > 0) subscription.open();
    else {
      subscription.close();
      received.forget();
    }
    announce().catch((error: unknown) => logger.debug({ err: error }, 'the watchers are not known yet'));
  }

  return {
    send(message, taken) {
      if ('quotaDecision' in message) {
        const event = message.quotaDecision;
        sent.count(event, elsewhere);
        waiting.push({ event, taken });
        schedule();
        return;
      }
      if ('quotaMissed' in message) {
        sent.lose(message.quotaMissed);
        schedule();
      } else if ('quotaWatchersHere' in message) setWatchersHere(message.quotaWatchersHere);
      taken();
    },
    onMessage(listener) {
      listen = listener;
    },
    async beat() {
      await Promise.all([learn(), here.length > 0 ? announce() : undefined]);
    },
    async stop() {
      clearTimeout(timer);
      subscription.close();
      here = [];
      await announce().catch(() => undefined);
    },
  };
}
