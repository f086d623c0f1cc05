import { status } from '@grpc/grpc-js';
import { QuotaAdminServiceService } from '../../../gen/quota/v1/quota_admin_service';
import type { AuditTrail } from '../../telemetry/audit_trail';
import type { SubjectHash } from '../../telemetry/subject_hash';
import { callIdOf } from '../call_id';
import { IDENTITY_KEY } from './authenticate';
import type { RequestGuard } from './guards';

const { resetQuota, raiseLimit, setOverride, clearOverride, eraseSubject } = QuotaAdminServiceService;

/** What operators, and a site's staff, change. Reading leaves no trace. */
const CHANGES: ReadonlySet<string> = new Set(
  [resetQuota, raiseLimit, setOverride, clearOverride, eraseSubject].map(({ path }) => path),
);

export interface AuditOptions {
  /** The trails that each change is written to. */
  readonly trails: readonly AuditTrail[];
  /** The hash shown in place of a subject's name. */
  readonly hashOf: SubjectHash;
}

/** Writes each administrative change to the trails before its caller gets the result. Runs after authentication. */
export function auditRequests({ trails, hashOf }: AuditOptions): RequestGuard {
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
        request = method.path === eraseSubject.path ? withoutSubject(message, hashOf) : message;
      },
      onEnd(code) {
        // A rejected caller has changed nothing, and is in the log.
        if (by === undefined) return;
        const entry = { by, method: method.path.slice(1), request, code: status[code] ?? 'UNKNOWN', callId };
        for (const trail of trails) trail.record(entry);
      },
    };
  };
}

/** The trail of an erasure must not name its subject. */
function withoutSubject(message: unknown, hashOf: SubjectHash): unknown {
  const subject = (message as { subject?: unknown } | undefined)?.subject;
  return typeof subject === 'string' ? { subjectHash: hashOf(subject) } : {};
}
