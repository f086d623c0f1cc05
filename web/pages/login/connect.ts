import type { Request, Response } from 'express';
import { startSession } from '../../accounts/sessions';
import type { UserWithPassword } from '../../accounts/user';
import type { QuotaClient } from '../../quota/client';
import { setRateLimitHeaders } from '../../quota/rate_limit_headers';
import { POLICIES } from '../../quota_names';
import { admitOrShowDenial } from '../quota/admit_or_show_denial';
import { orGiveBack } from '../quota/give_back';
import type { Refusal } from '../quota/refusal';
import { pathAfterLogin } from './back';

type Connecting = {
  user: Pick<UserWithPassword, 'id' | 'passwordHash'>;
  quota: QuotaClient;
  req: Request;
  res: Response;
};

/** Opens a session for a user with a verified password, and redirects to the page before the login; or shows why not. */
export async function connectUser({ user, quota, req, res }: Connecting): Promise<Refusal | undefined> {
  const asked = await admitOrShowDenial({
    quota,
    policy: POLICIES.connection,
    subject: String(user.id),
    words: { title: 'login.connections.title', text: 'login.connections.text' },
    tell: setRateLimitHeaders,
    req,
    res,
  });
  if (asked.refusal !== undefined) return asked.refusal;
  await orGiveBack({ quota, req }, asked.taken, () => startSession(req, user));
  res.redirect(303, pathAfterLogin(req));
  return undefined;
}
