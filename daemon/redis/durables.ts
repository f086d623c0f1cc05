import type { Wait } from '../quota/waits';
import { firstAttempt } from './client';
import { createDurable, type Durable } from './durable';
import type { Keys } from './keys';
import type { Database } from './nodes';

/** The connections that wait, one for each kind of wait that is asked for: a slow one delays no other. */
export interface Durables {
  /** Opened at the first use; resolves once it is ready or has failed once. */
  of(wait: Wait): Promise<Durable>;
  stop(): void;
}

export interface DurablesOptions {
  readonly keys: Keys;
  /** Opens a connection for a kind of wait. */
  readonly open: (wait: Wait) => Database;
}

export function createDurables({ keys, open }: DurablesOptions): Durables {
  const opened = new Map<string, { readonly database: Database; readonly durable: Promise<Durable> }>();

  function openFor(wait: Wait) {
    const database = open(wait);
    const durable = firstAttempt(database).then(() => createDurable({ database, keys, wait }));
    return { database, durable };
  }

  return {
    of(wait) {
      const kind = nameOf(wait);
      const known = opened.get(kind) ?? openFor(wait);
      opened.set(kind, known);
      return known.durable;
    },
    stop() {
      for (const { database } of opened.values()) database.disconnect();
    },
  };
}

/** What a kind of wait is called in the names of connections. */
export function nameOf({ isForDisk, replicas }: Wait): string {
  return [isForDisk && 'disk', replicas > 0 && `replicas-${replicas}`].filter(Boolean).join('-');
}
