import type { Request, Response } from 'express';
import { addressSubject } from '../../accounts/address';
import type { QuotaClient } from '../../quota/client';
import { setRetryAfter } from '../../quota/rate_limit_headers';
import { POLICIES } from '../../quota_names';
import { type Admittance, admitOrShowDenial } from '../quota/admit_or_show_denial';

type Attempt = { quota: QuotaClient; req: Request; res: Response };

/**
 * Asks whether this address may try one more password or email. Call it before any look-up, so that guessing
 * is slowed for every guess.
 */
export function admitAttempt({ quota, req, res }: Attempt): Promise<Admittance> {
  return admitOrShowDenial({
    quota,
    policy: POLICIES.loginAttempt,
    subject: addressSubject(req.ip),
    words: { title: 'login.attempts.title', text: 'login.attempts.text' },
    // A guesser need not know how much is left.
    tell: setRetryAfter,
    req,
    res,
  });
}

/**
 * Asks whether one more password may be tried for an account, existing or not. A correct one is refunded, so only wrong
 * ones count.
 */
export function admitPassword({
  quota,
  subject,
  req,
  res,
}: Attempt & { subject: string }): Promise<Admittance> {
  return admitOrShowDenial({
    quota,
    policy: POLICIES.passwordAttempt,
    subject,
    words: { title: 'login.attempts.title', text: 'login.passwords.text' },
    tell: setRetryAfter,
    req,
    res,
  });
}
