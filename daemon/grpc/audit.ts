import { ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js';
import type { AuditTrail } from '../telemetry/audit_trail';
import { currentCallId } from '../telemetry/call_id';
import { IDENTITY_KEY } from './authenticate';

/** What operators, and a site's staff, change. Reading leaves no trace. */
const CHANGES = new Set(
  ['ResetQuota', 'SetOverride', 'ClearOverride'].map((name) => `/quota.v1.QuotaAdminService/${name}`),
);

/** Writes each administrative change to the trail, before its caller hears how it ended. It comes after authentication. */
export function auditCalls(trail: AuditTrail): ServerInterceptor {
  return (method, call) => {
    if (!CHANGES.has(method.path)) return call as ServerInterceptingCall;
    let by = 'anonymous';
    let request: unknown;
    return new ServerInterceptingCall(call, {
      start(next) {
        next({
          onReceiveMetadata(metadata, pass) {
            by = String(metadata.get(IDENTITY_KEY)[0] ?? by);
            pass(metadata);
          },
          onReceiveMessage(message, pass) {
            request = message;
            pass(message);
          },
        });
      },
      sendStatus(answer, next) {
        const code = status[answer.code] ?? 'UNKNOWN';
        trail.record({ by, method: method.path.slice(1), request, code, callId: currentCallId() });
        next(answer);
      },
    });
  };
}
