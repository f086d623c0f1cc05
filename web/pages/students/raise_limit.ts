import type { Logger } from 'pino';
import { QuotaUnavailable } from '../../../client/answers/unavailable';
import type { QuotaClient } from '../../quota/client';
import { type Counted, subjectIn } from './subjects';

type Raising = Counted & {
  quota: QuotaClient;
  log: Logger;
  /** The member of staff, for the log. */
  staffId: number;
  policy: string;
  limitName: string;
  limit: number;
  durationMs: number;
};

/** The daemon's reason for a raise that would reduce what an operator has set. */
const LESSENS = 'LESSENS_OVERRIDE';

/** Raises a limit of a student for a time. The log shows who did it for whom. */
export async function raiseLimit(raising: Raising): Promise<'raised' | 'lessens' | 'unavailable'> {
  const { quota, log, student, devices, staffId, ...raise } = raising;
  const userId = student.id;
  try {
    await quota.raise({ ...raise, subject: subjectIn(raise.policy, { student, devices }) });
    log.info({ staffId, userId, ...raise }, 'a limit was raised');
    return 'raised';
  } catch (error) {
    if (!(error instanceof QuotaUnavailable)) throw error;
    log.error({ err: error, staffId, userId, ...raise }, 'a limit was not raised');
    return error.daemonReason === LESSENS ? 'lessens' : 'unavailable';
  }
}
