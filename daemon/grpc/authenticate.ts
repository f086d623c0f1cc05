import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import type { Access, Evidence } from '../access/access';
import { PermissionDenied, TooManyStreams } from '../access/errors';
import type { StreamLimits } from '../access/stream_limits';
import type { CallLog } from './call_log';
import { detailsTrailer, statusOf } from './status';

/** Where handlers find who calls. Never what a client sent under this name. */
export const IDENTITY_KEY = 'quota-identity';

const TOKEN_KEY = 'authorization';

/** A stream that may go on for days ends this soon after its caller has lost the right to it. */
const STREAM_RECHECK_MS = 1_000;

export interface AuthenticationOptions {
  readonly access: Access;
  readonly streams: StreamLimits;
  readonly onStreamRefused: () => void;
  readonly log: CallLog;
}

/**
 * Lets a call reach its handler only if `access` admits it, with the caller's name under `quota-identity`; a lasting
 * stream only if there is room for it, and only as long as its caller has the right to it.
 */
export function createAuthentication(options: AuthenticationOptions): ServerInterceptor {
  const { access, streams, onStreamRefused, log } = options;
  return (method, call) => {
    let stopStream: () => void = () => undefined;

    function admit(evidence: Evidence): string | undefined {
      try {
        return access.admit(evidence).name;
      } catch (error) {
        stopStream();
        refuse({ call, evidence, error, log });
        return undefined;
      }
    }

    /** False if there is no room for one more. */
    function startStream(evidence: Evidence): boolean {
      const release = streams.take(evidence.peer);
      if (release === undefined) {
        onStreamRefused();
        refuse({ call, evidence, error: new TooManyStreams(), log });
        return false;
      }
      const recheck = setInterval(() => admit(evidence), STREAM_RECHECK_MS).unref();
      stopStream = () => {
        clearInterval(recheck);
        release();
      };
      return true;
    }

    return new ServerInterceptingCall(call, {
      start(next) {
        next({
          onReceiveMetadata(metadata, pass) {
            const evidence = evidenceOf({ path: method.path, call, metadata });
            const name = admit(evidence);
            if (name === undefined) return;
            if (method.responseStream && !startStream(evidence)) return;
            // Beyond this line nobody needs the token, so nobody can log it.
            metadata.remove(TOKEN_KEY);
            metadata.set(IDENTITY_KEY, inAscii(name));
            pass(metadata);
          },
          onCancel: () => stopStream(),
        });
      },
      sendStatus(answer, next) {
        stopStream();
        next(answer);
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
  log,
}: {
  call: ServerInterceptingCallInterface;
  evidence: Evidence;
  error: unknown;
  log: CallLog;
}): void {
  const answered = statusOf(error, path);
  const identity = error instanceof PermissionDenied ? error.identity : undefined;
  log.failed({ method: path, error, caller: { peer, identity } });
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
