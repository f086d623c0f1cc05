import { appendFileSync } from 'node:fs';
import type { Logger } from 'pino';

/** One administrative change. */
export interface AuditEntry {
  /** Who made it, as the access file names them. */
  readonly by: string;
  readonly method: string;
  readonly request: unknown;
  /** The name of the resulting gRPC status. */
  readonly code: string;
  readonly callId: string | undefined;
}

export interface AuditTrail {
  record(entry: AuditEntry): void;
}

/** The trail cannot be written. */
export class AuditTrailUnusable extends Error {
  override readonly name = 'AuditTrailUnusable';
}

/**
 * Opens a file to which each change is appended as a line of JSON, at any log level; does nothing if no file is named.
 * Throws `AuditTrailUnusable`. If a later line cannot be written, that is logged with the reason, and the change stays in
 * effect.
 */
export function openAuditTrail({ file, logger }: { file: string | undefined; logger: Logger }): AuditTrail {
  if (file === undefined) return { record: () => undefined };
  try {
    appendFileSync(file, '');
  } catch (error) {
    throw new AuditTrailUnusable(
      `QUOTA_AUDIT_FILE ${file} cannot be written: ${(error as NodeJS.ErrnoException).code}`,
      { cause: error },
    );
  }
  return {
    record(entry) {
      const line = `${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`;
      try {
        // Changes are rare, so each may wait for its line; one append stays whole beside those of other daemons.
        appendFileSync(file, line);
      } catch (err) {
        logger.error({ err, entry }, 'the audit trail cannot be written');
      }
    },
  };
}
