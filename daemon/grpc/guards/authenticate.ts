import { isDeepStrictEqual } from 'node:util';
import type { Metadata, ServerInterceptingCallInterface } from '@grpc/grpc-js';
import type { Access, Evidence } from '../../access/access';
import { PermissionDenied, TooManyStreams } from '../../access/errors';
import type { Identity } from '../../access/identities';
import { refusedFields, type Use } from '../../access/restrictions';
import type { StreamLimits } from '../../access/stream_limits';
import { callIdOf } from '../call_id';
import type { RequestLog } from '../request_log';
import { detailsTrailer, statusOf } from '../status';
import type { RequestGuard } from './guards';

/** The metadata key of the caller's name for handlers. A value sent by the client under this name is removed. */
export const IDENTITY_KEY = 'quota-identity';

/** The caller of each accepted call, by the metadata passed to its handler. */
const callers = new WeakMap<Metadata, Identity>();

/** Throws `PermissionDenied`, with each field, if the caller may not use what its request asks for. */
export function requirePermission(metadata: Metadata, use: () => Use): void {
  const { name = '', restrictions } = callers.get(metadata) ?? {};
  if (restrictions === undefined) return;
  const faults = refusedFields(restrictions, use());
  if (faults.length > 0) throw new PermissionDenied(name, faults);
}

/** The caller of an accepted call. */
export function callerOf(metadata: Metadata): Identity | undefined {
  return callers.get(metadata);
}

const TOKEN_KEY = 'authorization';

/** A long-lived stream ends within this time after its caller loses the right to it. */
const STREAM_RECHECK_MS = 1_000;

export interface AuthenticationOptions {
  readonly access: Pick<Access, 'admit'>;
  readonly streams: StreamLimits;
  readonly onStreamRefused: () => void;
  readonly log: RequestLog;
}

/**
 * Lets a request reach its handler only if `access` accepts it, with the caller's name under `quota-identity`; a
 * long-lived stream only if there is room for it, and only while its caller has the right to it.
 */
export function createAuthentication(options: AuthenticationOptions): RequestGuard {
  const { access, streams, onStreamRefused, log } = options;
  return ({ method, call, refuse }) => {
    let stopStream: (() => void) | undefined;

    function deny(error: unknown, { path, peer, callId }: Evidence & { callId: string }): void {
      stopStream?.();
      const answered = statusOf(error, path);
      const identity = error instanceof PermissionDenied ? error.identity : undefined;
      log.failed({ method: path, error, callId, caller: { peer, identity } });
      refuse({ code: answered.code, details: answered.message, metadata: detailsTrailer(answered) });
    }

    /** False if there is no room for one more. */
    function startStream(evidence: Evidence, metadata: Metadata): boolean {
      const release = streams.take(evidence.peer);
      if (release === undefined) {
        onStreamRefused();
        deny(new TooManyStreams(), { ...evidence, callId: callIdOf(metadata) });
        return false;
      }
      const recheck = setInterval(() => recheckStream(evidence, metadata), STREAM_RECHECK_MS).unref();
      stopStream = () => {
        clearInterval(recheck);
        release();
      };
      return true;
    }

    function admitted(evidence: Evidence, metadata: Metadata): Identity | undefined {
      try {
        return access.admit(evidence);
      } catch (error) {
        deny(error, { ...evidence, callId: callIdOf(metadata) });
        return undefined;
      }
    }

    /** What a stream shows was checked at its start: changed restrictions need a new stream. */
    function recheckStream(evidence: Evidence, metadata: Metadata): void {
      const now = admitted(evidence, metadata);
      if (now === undefined || isDeepStrictEqual(now.restrictions, callers.get(metadata)?.restrictions))
        return;
      deny(new PermissionDenied(now.name), { ...evidence, callId: callIdOf(metadata) });
    }

    return {
      onMetadata(metadata) {
        const evidence = evidenceOf({ path: method.path, call, metadata });
        const identity = admitted(evidence, metadata);
        if (identity === undefined) return false;
        callers.set(metadata, identity);
        if (method.responseStream && !startStream(evidence, metadata)) return false;
        // Nothing after this needs the token, so nothing can log it.
        metadata.remove(TOKEN_KEY);
        metadata.set(IDENTITY_KEY, inAscii(identity.name));
        return true;
      },
      onCancel: () => stopStream?.(),
      onEnd: () => stopStream?.(),
    };
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
    // gRPC only passes certificates that the authority has signed.
    certificate: () => call.getAuthContext().sslPeerCertificate,
  };
}

/** A header holds printable ASCII only; a certificate may have any name. */
function inAscii(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, '?');
}
