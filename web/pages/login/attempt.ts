import type { Request, Response } from 'express';
import { addressSubject } from '../../accounts/address';
import type { QuotaClient } from '../../quota/client';
import { setRetryAfter } from '../../quota/rate_limit_headers';
import { admitOrShowDenial } from '../quota/admit_or_show_denial';
import type { Refusal } from '../quota/refusal';

/** Its subjects are addresses, and no users. */
export const LOGIN_ATTEMPT_POLICY = 'login-attempt';

type Attempt = { quota: QuotaClient; req: Request; res: Response };

/**
 * Asks whether this address may try a password, or an email, once more. To be asked before anything is looked up, so that guessing
 * is slowed whatever the guesses are.
 */
export function admitAttempt({ quota, req, res }: Attempt): Promise<Refusal | undefined> {
  return admitOrShowDenial({
    quota,
    policy: LOGIN_ATTEMPT_POLICY,
    subject: addressSubject(req.ip),
    words: { title: 'login.attempts.title', text: 'login.attempts.text' },
    // How much is left is nothing that a guesser need know.
    tell: setRetryAfter,
    req,
    res,
  });
}
