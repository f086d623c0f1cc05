import type { Logger } from 'pino';
import type { Auditing } from '../quota/auditing';
import type { AuditTrail } from './audit_trail';
import type { SubjectHash } from './subject_hash';

export interface StoredAuditOptions {
  readonly auditing: Pick<Auditing, 'record'>;
  readonly hashOf: SubjectHash;
  readonly logger: Logger;
}

/**
 * The trail in the store, which never names a subject. If a change cannot be written, that is logged with the reason, and
 * the change stays in effect.
 */
export function openStoredAudit({ auditing, hashOf, logger }: StoredAuditOptions): AuditTrail {
  return {
    record({ by, method, request, code, callId = '' }) {
      const {
        subject,
        subjectHash = subject === undefined ? '' : hashOf(subject),
        ...fields
      } = fieldsOf(request);
      auditing
        .record({ by, method, subjectHash, fields, code, callId })
        .catch((err: unknown) =>
          logger.error({ err, by, method, code }, 'the audit trail in the store cannot be written'),
        );
    },
  };
}

/** The fields of a request that are set, in words. */
function fieldsOf(request: unknown): Record<string, string> {
  if (typeof request !== 'object' || request === null) return {};
  return Object.fromEntries(
    Object.entries(request).flatMap(([field, value]) => {
      const text = value instanceof Date ? dateOf(value) : value;
      const isShown = ['string', 'number', 'boolean'].includes(typeof text) && text !== '';
      return isShown ? [[field, String(text)]] : [];
    }),
  );
}

/** An impossible date is shown unchanged. */
function dateOf(date: Date): string {
  return Number.isNaN(date.getTime()) ? 'invalid' : date.toISOString();
}
