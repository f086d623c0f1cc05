import type { Request, Response } from 'express';
import { startSession } from '../../accounts/sessions';
import type { UserWithPassword } from '../../accounts/users';
import type { QuotaClient } from '../../quota/client';
import { setRateLimitHeaders } from '../../quota/rate_limit_headers';
import { admitOrShowDenial } from '../quota/admit_or_show_denial';
import type { Refusal } from '../quota/refusal';

const CONNECTION_POLICY = 'connection';

type Connecting = {
  user: Pick<UserWithPassword, 'id' | 'passwordHash'>;
  quota: QuotaClient;
  req: Request;
  res: Response;
};

/** Opens a session for a user whose password is known to be right, and leads to the services; or answers why not. */
export async function connectUser({ user, quota, req, res }: Connecting): Promise<Refusal | undefined> {
  const refusal = await admitOrShowDenial({
    quota,
    policy: CONNECTION_POLICY,
    subject: String(user.id),
    words: { title: 'login.connections.title', text: 'login.connections.text' },
    tell: setRateLimitHeaders,
    req,
    res,
  });
  if (refusal !== undefined) return refusal;
  await startSession(req, user);
  res.redirect(303, '/services');
  return undefined;
}
