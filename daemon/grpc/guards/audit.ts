import { status } from '@grpc/grpc-js';
import type { AuditTrail } from '../../telemetry/audit_trail';
import { callIdOf } from '../call_id';
import { IDENTITY_KEY } from './authenticate';
import type { RequestGuard } from './guards';

/** What operators, and a site's staff, change. Reading leaves no trace. */
const CHANGES = new Set(
  ['ResetQuota', 'SetOverride', 'ClearOverride'].map((name) => `/quota.v1.QuotaAdminService/${name}`),
);

/** Writes each administrative change to the trail, before its caller hears how it ended. It comes after authentication. */
export function auditRequests(trail: AuditTrail): RequestGuard {
  return ({ method }) => {
    if (!CHANGES.has(method.path)) return undefined;
    let by: string | undefined;
    let callId = '';
    let request: unknown;
    return {
      onMetadata(metadata) {
        by = String(metadata.get(IDENTITY_KEY)[0]);
        callId = callIdOf(metadata);
        return true;
      },
      onMessage(message) {
        request = message;
      },
      onEnd(code) {
        // Who was not let in has changed nothing, and is in the log.
        if (by === undefined) return;
        trail.record({ by, method: method.path.slice(1), request, code: status[code] ?? 'UNKNOWN', callId });
      },
    };
  };
}
