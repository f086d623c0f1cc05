import type { Logger } from 'pino';
import { ConfigInvalid } from '../environment/config_invalid';
import { FileUnreadable, watchFiles } from '../environment/files/watched_files';
import { type Policies, PoliciesInvalid, parsePolicies } from './quota/policies';

/** The policies that hold now. */
export interface PoliciesFile {
  current(): Policies;
  /** Watches no more. */
  stop(): void;
}

export interface PoliciesFileOptions {
  readonly file: string;
  readonly logger: Logger;
  /** Is told of each change of the file: whether it was taken. */
  readonly onReload: (isTaken: boolean) => void;
}

/**
 * Reads the policies file, and goes on watching it. A change is validated whole, and then taken at once; one with
 * faults is logged, and the old policies stay. Throws `ConfigInvalid` where the file cannot be used at first.
 */
export function openPoliciesFile({ file, logger, onReload }: PoliciesFileOptions): PoliciesFile {
  try {
    return watchFiles({
      files: [file],
      read: ([contents]) => parsePolicies(String(contents)),
      onChange({ byName }) {
        logger.info({ file, policies: [...byName.keys()] }, 'policies reloaded');
        onReload(true);
      },
      onFault(error) {
        logger.error({ file, faults: faultsOf(file, error) }, 'policies refused, the old ones stay');
        onReload(false);
      },
    });
  } catch (error) {
    throw new ConfigInvalid(faultsOf(file, error));
  }
}

function faultsOf(file: string, error: unknown): string[] {
  if (error instanceof PoliciesInvalid) {
    return error.faults.map(({ line, message }) => `${file}:${line}: ${message}`);
  }
  if (error instanceof FileUnreadable) return [`QUOTA_POLICIES ${error.message}`];
  throw error;
}
