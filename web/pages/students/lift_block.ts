import type { Logger } from 'pino';
import { QuotaUnavailable } from '../../../client/answers/unavailable';
import type { QuotaClient } from '../../quota/client';
import { readQuotas } from './standing';

type Lifting = {
  quota: QuotaClient;
  log: Logger;
  userId: number;
  /** The member of staff, for the log. */
  staffId: number;
  policy: unknown;
};

/** Resets a user's quota of a policy. The log shows who did it for whom. */
export async function liftBlock(lifting: Lifting): Promise<'lifted' | 'unknown-policy' | 'unavailable'> {
  const { quota, log, userId, staffId } = lifting;
  const quotas = await readQuotas(quota, userId);
  if (quotas === undefined) return 'unavailable';
  // Only what the page offers, even if the form names something else.
  const policy = quotas.find((candidate) => candidate.policy === lifting.policy)?.policy;
  if (policy === undefined) return 'unknown-policy';
  try {
    const resetCount = await quota.resetQuota({ subject: String(userId), policy });
    log.info({ staffId, userId, policy, resetCount }, 'a block was lifted');
    return 'lifted';
  } catch (error) {
    if (!(error instanceof QuotaUnavailable)) throw error;
    log.error({ err: error, staffId, userId, policy }, 'a block was not lifted');
    return 'unavailable';
  }
}
