import type { Logger } from 'pino';
import { QuotaUnavailable } from '../../../client/answers/unavailable';
import { isNonce } from '../../accounts/known_devices';
import type { QuotaClient } from '../../quota/client';
import { POLICIES } from '../../quota_names';
import { readQuotas } from './standing';
import { type Counted, subjectIn } from './subjects';

type Lifting = Counted & {
  quota: QuotaClient;
  log: Logger;
  /** The member of staff, for the log. */
  staffId: number;
  policy: unknown;
  /** Of the password attempts, those from this known browser. */
  browser: unknown;
};

/** Resets a student's quota of a policy. The log shows who did it for whom. */
export async function liftBlock(lifting: Lifting): Promise<'lifted' | 'unknown-policy' | 'unavailable'> {
  const { quota, log, student, staffId } = lifting;
  const userId = student.id;
  const quotas = await readQuotas(quota, lifting);
  if (quotas === undefined) return 'unavailable';
  // Only what the page offers, even if the form names something else.
  const policy = quotas.find((candidate) => candidate.policy === lifting.policy)?.policy;
  const browser = isNonce(lifting.browser) ? lifting.browser : undefined;
  if (policy === undefined || browser !== lifting.browser) return 'unknown-policy';
  if (browser !== undefined && policy !== POLICIES.passwordAttempt) return 'unknown-policy';
  try {
    const resetCount = await quota.resetQuota({
      subject: subjectIn(policy, { ...lifting, browser }),
      policy,
    });
    log.info({ staffId, userId, policy, browser, resetCount }, 'a block was lifted');
    return 'lifted';
  } catch (error) {
    if (!(error instanceof QuotaUnavailable)) throw error;
    log.error({ err: error, staffId, userId, policy, browser }, 'a block was not lifted');
    return 'unavailable';
  }
}
