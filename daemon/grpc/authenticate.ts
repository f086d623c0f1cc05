import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { Access, Evidence } from '../access/access';
import { PermissionDenied, Unauthenticated } from '../access/errors';
import { detailsTrailer, statusOf } from './status';

/** Where handlers find who calls. Never what a client sent under this name. */
export const IDENTITY_KEY = 'quota-identity';

const TOKEN_KEY = 'authorization';

/** A stream that may go on for days ends this soon after its caller has lost the right to it. */
const STREAM_RECHECK_MS = 1_000;

/** Lets a call reach its handler only where `access` admits it, with the caller's name under `quota-identity`. */
export function createAuthentication({
  access,
  logger,
}: {
  access: Access;
  logger: Logger;
}): ServerInterceptor {
  return (method, call) => {
    let recheck: NodeJS.Timeout | undefined;

    function admit(evidence: Evidence): string | undefined {
      try {
        return access.admit(evidence).name;
      } catch (error) {
        clearInterval(recheck);
        refuse({ call, evidence, error, logger });
        return undefined;
      }
    }

    return new ServerInterceptingCall(call, {
      start(next) {
        next({
          onReceiveMetadata(metadata, pass) {
            const evidence = evidenceOf({ path: method.path, call, metadata });
            const name = admit(evidence);
            if (name === undefined) return;
            // Beyond this line nobody needs the token, so nobody can log it.
            metadata.remove(TOKEN_KEY);
            metadata.set(IDENTITY_KEY, inAscii(name));
            if (method.responseStream)
              recheck = setInterval(() => admit(evidence), STREAM_RECHECK_MS).unref();
            pass(metadata);
          },
          onCancel: () => clearInterval(recheck),
        });
      },
    });
  };
}

function evidenceOf({
  path,
  call,
  metadata,
}: {
  path: string;
  call: ServerInterceptingCallInterface;
  metadata: Metadata;
}): Evidence {
  return {
    path,
    peer: call.getPeer(),
    authorization: metadata.get(TOKEN_KEY).map(String),
    // Only one that the authority vouches for is given here.
    certificate: () => call.getAuthContext().sslPeerCertificate,
  };
}

function refuse({
  call,
  evidence: { path, peer },
  error,
  logger,
}: {
  call: ServerInterceptingCallInterface;
  evidence: Evidence;
  error: unknown;
  logger: Logger;
}): void {
  const answered = statusOf(error);
  const identity = error instanceof PermissionDenied ? error.identity : undefined;
  if (error instanceof PermissionDenied || error instanceof Unauthenticated)
    logger.info({ method: path, peer, identity, reason: answered.message }, 'request refused');
  else logger.error({ method: path, peer, err: error }, 'request failed');
  call.sendStatus({
    code: answered.code,
    details: answered.message,
    metadata: detailsTrailer(answered),
  });
}

/** A header holds printable ASCII only; a certificate may bear any name. */
function inAscii(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, '?');
}
