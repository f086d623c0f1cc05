import type { Http2Server } from 'node:http2';
import type { Server } from '@grpc/grpc-js';

/** The HTTP/2 servers below a gRPC server that is bound: the library neither exposes them nor reports all of their events. */
export function serversOf(server: Server): Http2Server[] {
  const servers: unknown = Reflect.get(server, 'http2Servers');
  if (!(servers instanceof Map))
    throw new Error('this version of grpc-js keeps its HTTP/2 servers elsewhere');
  return [...servers.keys()];
}
