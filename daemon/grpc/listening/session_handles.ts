import type { Http2Session } from 'node:http2';
import type { Server } from '@grpc/grpc-js';
import { serversOf } from './http2_servers';

/** How many collections a session's handle outlives its session: the first may come while the streams are still closing. */
const COLLECTIONS = 2;

interface Held {
  readonly handle: unknown;
  readonly collectionsLeft: number;
}

/** Holds a value for that many garbage collections. */
const held = new FinalizationRegistry<Held>(({ handle, collectionsLeft }) => {
  if (collectionsLeft > 1) hold({ handle, collectionsLeft: collectionsLeft - 1 });
});

function hold(value: Held): void {
  // Nothing refers to this object, so the next collection of all garbage takes it.
  held.register({}, value);
}

/**
 * Node aborts the process if it collects a session before those of its streams whose headers it had rejected
 * (https://github.com/nodejs/node/issues/39951; versions 20.20 and 24.21 at least), and the order is chance: a stranger
 * needs no more than headers that are too long. So the handle of a session is kept until its streams are gone. `server`
 * is already bound.
 */
export function keepSessionsForTheirStreams(server: Server): void {
  for (const listening of serversOf(server)) {
    listening.on('session', (session: Http2Session) => {
      const handle = handleOf(session);
      session.once('close', () => hold({ handle, collectionsLeft: COLLECTIONS }));
    });
  }
}

/** Node's own object behind a session that is open; undefined if this version keeps it elsewhere. */
export function handleOf(session: Http2Session): unknown {
  const symbol = Object.getOwnPropertySymbols(session).find(({ description }) => description === 'kHandle');
  return symbol && Reflect.get(session, symbol);
}
