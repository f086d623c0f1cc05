import type { Request, Response } from 'express';
import { addressSubject } from '../../accounts/address';
import type { QuotaClient } from '../../quota/client';
import { setRetryAfter } from '../../quota/rate_limit_headers';
import { sendRefused } from '../errors/refused';
import type { SendPage } from '../view';

/** Its subjects are addresses, and no users. */
export const LOGIN_ATTEMPT_POLICY = 'login-attempt';

type Attempt = { quota: QuotaClient; sendPage: SendPage; req: Request; res: Response };

/**
 * Whether this address may try a password, or an email, once more; otherwise the refusal has been sent. Asked before
 * anything is looked up, so that guessing is slowed whatever the guesses are.
 */
export async function mayAttempt({ quota, sendPage, req, res }: Attempt): Promise<boolean> {
  const admission = await quota.admit({ policy: LOGIN_ATTEMPT_POLICY, subject: addressSubject(req.ip) });
  if (admission.admitted) return true;
  setRetryAfter(res, admission);
  sendRefused(sendPage, req, res, { admission, title: 'login.attempts.title', text: 'login.attempts.text' });
  return false;
}
