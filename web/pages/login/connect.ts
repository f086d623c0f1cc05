import type { Request, Response } from 'express';
import { startSession } from '../../accounts/sessions';
import type { UserWithPassword } from '../../accounts/users';
import type { QuotaClient } from '../../quota/client';
import { setRateLimitHeaders } from '../../quota/rate_limit_headers';
import { sendRefused } from '../errors/refused';
import type { SendPage } from '../view';

const CONNECTION_POLICY = 'connection';

type Connecting = {
  user: Pick<UserWithPassword, 'id' | 'passwordHash'>;
  quota: QuotaClient;
  sendPage: SendPage;
  req: Request;
  res: Response;
};

/** Opens a session for a user whose password is known to be right, if their quota of connections lets them in. */
export async function connectUser({ user, quota, sendPage, req, res }: Connecting): Promise<void> {
  const connection = await quota.admit({ policy: CONNECTION_POLICY, subject: String(user.id) });
  setRateLimitHeaders(res, connection);
  req.log.info({ userId: user.id, admitted: connection.admitted }, 'a user asked to connect');
  if (!connection.admitted) {
    return sendRefused(sendPage, req, res, {
      admission: connection,
      title: 'login.connections.title',
      text: 'login.connections.text',
    });
  }
  await startSession(req, user);
  res.redirect(303, '/services');
}
