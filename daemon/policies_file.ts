import type { Logger } from 'pino';
import { ConfigInvalid } from '../environment/config_invalid';
import { FileUnreadable, watchFiles } from '../environment/files/watched_files';
import { type Policies, PoliciesInvalid, parsePolicies } from './quota/policies';

/** The policies that hold now. */
export interface PoliciesFile {
  current(): Policies;
  /** The text that they were read from. */
  text(): string;
  /** Stops watching. */
  stop(): void;
}

export interface PoliciesFileOptions {
  readonly file: string;
  readonly logger: Logger;
  /** Called at each change of the file with whether it was accepted. */
  readonly onReload: (isTaken: boolean) => void;
}

/**
 * Reads the policies file and watches it. Changes apply all or nothing. An invalid file is rejected, every fault is
 * logged with its line, and the old policies stay in force. Throws `ConfigInvalid` if the file is invalid at the start.
 */
export function openPoliciesFile({ file, logger, onReload }: PoliciesFileOptions): PoliciesFile {
  try {
    const watched = watchFiles({
      files: [file],
      read([contents]) {
        const text = String(contents);
        return { text, policies: parsePolicies(text) };
      },
      onChange({ policies }) {
        logger.info({ file, policies: [...policies.byName.keys()] }, 'policies reloaded');
        onReload(true);
      },
      onFault(error) {
        logger.error({ file, faults: faultsOf(file, error) }, 'policies rejected, the old ones stay');
        onReload(false);
      },
    });
    return {
      current: () => watched.current().policies,
      text: () => watched.current().text,
      stop: watched.stop,
    };
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
