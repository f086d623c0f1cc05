import type { Logger } from 'pino';
import type { QuotaClient } from '../../quota/client';
import { QuotaUnavailable } from '../../quota/unavailable';
import { readQuotas } from './standing';

type Lifting = {
  quota: QuotaClient;
  log: Logger;
  userId: number;
  /** Who does it, for the log. */
  staffId: number;
  policy: unknown;
};

/** Gives a user all of a policy back. The log says who did it for whom. */
export async function liftBlock(lifting: Lifting): Promise<'lifted' | 'unknown-policy' | 'unavailable'> {
  const { quota, log, userId, staffId } = lifting;
  const quotas = await readQuotas(quota, userId);
  if (quotas === undefined) return 'unavailable';
  // Only what the page offers, whatever the form says.
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
