import type { Logger } from 'pino';
import { QuotaUnavailable } from '../../../client/answers/unavailable';
import type { QuotaClient } from '../../quota/client';

type Raising = {
  quota: QuotaClient;
  log: Logger;
  userId: number;
  /** The member of staff, for the log. */
  staffId: number;
  policy: string;
  limitName: string;
  limit: number;
  durationMs: number;
};

/** The daemon's reason for a raise that would reduce what an operator has set. */
const LESSENS = 'LESSENS_OVERRIDE';

/** Raises a limit of a user for a time. The log shows who did it for whom. */
export async function raiseLimit(raising: Raising): Promise<'raised' | 'lessens' | 'unavailable'> {
  const { quota, log, userId, staffId, ...raise } = raising;
  try {
    await quota.raise({ ...raise, subject: String(userId) });
    log.info({ staffId, userId, ...raise }, 'a limit was raised');
    return 'raised';
  } catch (error) {
    if (!(error instanceof QuotaUnavailable)) throw error;
    log.error({ err: error, staffId, userId, ...raise }, 'a limit was not raised');
    return error.daemonReason === LESSENS ? 'lessens' : 'unavailable';
  }
}
