import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { TLSSocket } from 'node:tls';
import type { Access } from './access';
import type { Identity } from './identities';

/** Tokens whose owners are remembered: more than any deployment has, and a bound for what strangers send. */
const MOST_TOKENS = 1_000;

/** Finds the caller of a stream before the library makes it a request; undefined if unknown. */
export type CallerOf = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => Identity | undefined;

/** Remembers the callers of tokens, and of certificates by connection, while the access file is unchanged. */
export function createCallerOf(access: Pick<Access, 'find' | 'version'>): CallerOf {
  let version: unknown;
  let byToken = new Map<string, Identity | undefined>();
  let bySession = new WeakMap<object, { identity: Identity | undefined }>();

  function forgetFormer(): void {
    const current = access.version();
    if (current === version && byToken.size < MOST_TOKENS) return;
    version = current;
    byToken = new Map();
    bySession = new WeakMap();
  }

  return (stream, { authorization }) => {
    forgetFormer();
    if (authorization !== undefined) {
      if (byToken.has(authorization)) return byToken.get(authorization);
      const identity = access.find(evidenceOf(stream, authorization));
      byToken.set(authorization, identity);
      return identity;
    }
    const { session } = stream;
    if (session === undefined) return undefined;
    const known = bySession.get(session);
    if (known !== undefined) return known.identity;
    const identity = access.find(evidenceOf(stream, undefined));
    bySession.set(session, { identity });
    return identity;
  };
}

function evidenceOf({ session }: ServerHttp2Stream, authorization: string | undefined) {
  const socket = session?.socket;
  return {
    // As the library names a peer.
    peer: `${socket?.remoteAddress}:${socket?.remotePort}`,
    authorization: authorization === undefined ? [] : [authorization],
    certificate() {
      if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
      const shown = socket.getPeerCertificate();
      return shown.raw ? shown : undefined;
    },
  };
}
