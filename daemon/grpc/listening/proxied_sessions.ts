import type { ServerHttp2Session } from 'node:http2';
import type { Server } from '@grpc/grpc-js';
import type { IsProxy } from '../../access/proxies';
import { serversOf } from './http2_servers';

/**
 * Lets the connections of proxies have more calls open than those of others, as each carries the calls of many callers. The
 * library has one limit for all connections; this changes the setting of one. `server` is already bound.
 */
export function raiseForProxies(
  server: Server,
  { isProxy, maxStreams }: { isProxy: IsProxy; maxStreams: number },
): void {
  for (const listening of serversOf(server)) {
    listening.on('session', (session: ServerHttp2Session) => {
      if (!session.destroyed && isProxy(session.socket?.remoteAddress ?? ''))
        session.settings({ maxConcurrentStreams: maxStreams });
    });
  }
}
