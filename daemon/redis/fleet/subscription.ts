import type { Logger } from 'pino';
import type { Database } from '../nodes';

/** A subscription on its own connection, which exists only while it is open. */
export interface Subscription {
  open(): void;
  close(): void;
}

export interface SubscriptionOptions {
  readonly open: () => Database;
  readonly channel: string;
  readonly onMessage: (message: Buffer) => void;
  readonly logger: Logger;
}

export function createSubscription({ open, channel, onMessage, logger }: SubscriptionOptions): Subscription {
  let database: Database | undefined;

  function subscribe(to: Database): void {
    to.subscribe(channel).catch((error: unknown) =>
      logger.debug({ err: error }, 'not subscribed to decisions yet'),
    );
  }

  return {
    open() {
      if (database !== undefined) return;
      const opened = open();
      database = opened;
      const events: NodeJS.EventEmitter = opened;
      // After each connection: messages in between are missed, and counted.
      events.on('ready', () => subscribe(opened));
      events.on('messageBuffer', (_channel: Buffer, message: Buffer) => onMessage(message));
    },
    close() {
      database?.disconnect();
      database = undefined;
    },
  };
}
