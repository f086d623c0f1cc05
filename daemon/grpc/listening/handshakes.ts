import type { TLSSocket } from 'node:tls';
import type { Server } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { createSampler } from '../../telemetry/sampler';
import type { HandshakeFailure } from '../../telemetry/tls_metrics';
import { serversOf } from './http2_servers';

const LINES_PER_S = 10;

const BY_CODE: readonly [RegExp, HandshakeFailure][] = [
  [/^CERT_HAS_EXPIRED$/, 'expired'],
  [/^CERT_NOT_YET_VALID$/, 'not_yet_valid'],
  [/SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)|CERT_UNTRUSTED|INVALID_CA/, 'unknown_authority'],
  [/PEER_DID_NOT_RETURN_A_CERTIFICATE/, 'no_certificate'],
  [/ALERT/, 'rejected_by_client'],
  [/HTTP_REQUEST|VERSION|PROTOCOL|NO_SHARED|WRONG_|BAD_/, 'protocol'],
  [/^(ECONNRESET|EPIPE)$/, 'closed'],
];

export function handshakeFailureOf(code: string): HandshakeFailure {
  return BY_CODE.find(([pattern]) => pattern.test(code))?.[1] ?? 'other';
}

/** Counts and logs failed handshakes. The library does not report them; its HTTP/2 servers do. */
export function watchHandshakes(
  server: Server,
  { onFailure, logger }: { onFailure: (failure: HandshakeFailure) => void; logger: Logger },
): void {
  const sampler = createSampler({ perSecond: LINES_PER_S });

  function failed(socket: TLSSocket, code: string): void {
    const failure = handshakeFailureOf(code);
    onFailure(failure);
    // Port probes open and close a connection.
    const notShown = failure === 'closed' ? undefined : sampler.show(failure);
    if (notShown === undefined) return;
    // A closed socket no longer knows its peer.
    const { remoteAddress: peer } = socket;
    logger.warn({ peer, reason: failure, code, notShown: notShown || undefined }, 'TLS handshake failed');
  }

  for (const listening of serversOf(server)) {
    listening.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) =>
      failed(socket, reasonOf(socket) ?? error.code ?? ''),
    );
    // Besides tokens, an untrusted certificate counts as none; without this its owner would not learn the reason.
    listening.on('secureConnection', (socket: TLSSocket) => {
      const reason = reasonOf(socket);
      if (reason !== undefined && Object.keys(socket.getPeerCertificate()).length > 0) failed(socket, reason);
    });
  }
}

/** Node's types call it an error; it is the code of one, or null. */
function reasonOf({ authorizationError }: TLSSocket): string | undefined {
  return authorizationError ? String(authorizationError) : undefined;
}
