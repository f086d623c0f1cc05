import type { Metadata } from '@grpc/grpc-js';
import { CALL_ID_KEY, callIdFrom } from '../../environment/call_id';

/**
 * The id under which a call is logged. Most calls are never logged, so the id is made when a log line needs it, and kept
 * in the call's metadata for later lines. (Node 20 slows every promise of a process that uses AsyncLocalStorage.)
 */
export function callIdOf(metadata: Metadata): string {
  const [sent] = metadata.get(CALL_ID_KEY);
  const callId = callIdFrom(sent);
  if (callId !== sent) metadata.set(CALL_ID_KEY, callId);
  return callId;
}
