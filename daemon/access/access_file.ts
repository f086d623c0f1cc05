import type { Logger } from 'pino';
import { FileUnreadable, type Watched, watchFiles } from '../../environment/files/watched_files';
import { AccessFileInvalid, type KnownIdentity, parseIdentities } from './identities';

/** Reads the access file, now and on change; an invalid change leaves the old one in force. */
export function watchAccessFile({
  file,
  logger,
}: {
  file: string;
  logger: Logger;
}): Watched<KnownIdentity[]> {
  return watchFiles({
    files: [file],
    read: ([bytes]) => parseIdentities(String(bytes)),
    onChange: (identities) =>
      logger.info({ file, identities: identities.map(({ name }) => name) }, 'access changed'),
    onFault: (error) =>
      logger.error({ faults: accessFileFaults(file, error) }, 'access kept: the new file cannot be used'),
  });
}

/** What is wrong with an access file, each fault as FILE:LINE: message. */
export function accessFileFaults(file: string, error: unknown): string[] {
  if (error instanceof AccessFileInvalid)
    return error.faults.map(({ line, message }) => `${file}:${line}: ${message}`);
  if (error instanceof FileUnreadable) return [`QUOTA_ACCESS ${error.message}`];
  throw error;
}
