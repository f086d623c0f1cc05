import { Router } from 'express';
import { requireVisitor } from '../../accounts/current_user';
import { verifyPassword } from '../../accounts/passwords';
import { endSession } from '../../accounts/sessions';
import type { Users, UserWithPassword } from '../../accounts/users';
import type { QuotaClient } from '../../quota/client';
import { parseForm } from '../forms/form';
import type { SendPage } from '../view';
import { admitAttempt } from './attempt';
import { connectUser } from './connect';
import { loginForm } from './form';
import { sendLogin } from './page';

type Parts = { users: Users; quota: QuotaClient; sendPage: SendPage; offersSignUp: boolean };

/** GET and POST /login, POST /logout, and a way back from there. */
export function loginRoutes({ users, quota, sendPage, offersSignUp }: Parts): Router {
  const router = Router();

  router.get('/login', requireVisitor, (req, res) => sendLogin(req, res, { sendPage, offersSignUp }));

  router.post('/login', requireVisitor, async (req, res) => {
    const parsed = parseForm(loginForm, req.body);
    if (parsed.form === undefined) {
      return sendLogin(req, res, { sendPage, offersSignUp, status: 400, login: parsed });
    }
    const { email, password } = parsed.form;
    const page = { sendPage, offersSignUp, login: { typed: { email }, faults: {} } };
    const guard = await admitAttempt({ quota, req, res });
    if (guard !== undefined) return sendLogin(req, res, { ...page, refusal: guard });

    const user = await checkPassword(users, { email, password });
    if (user === undefined) return sendLogin(req, res, { ...page, status: 401, alert: 'login.wrong' });
    const refusal = await connectUser({ user, quota, req, res });
    if (refusal !== undefined) sendLogin(req, res, { ...page, refusal });
  });

  // Where a reader of the page of a form that was too old comes back to by a link.
  router.get('/logout', (_req, res) => res.redirect(303, '/'));

  router.post('/logout', async (req, res) => {
    await endSession(req, res);
    res.redirect(303, '/');
  });

  return router;
}

async function checkPassword(
  users: Users,
  { email, password }: { email: string; password: string },
): Promise<UserWithPassword | undefined> {
  const user = await users.findByEmail(email);
  // Also without a user: an unknown email must take as long as a wrong password.
  const matches = await verifyPassword(user?.passwordHash, password);
  return matches ? user : undefined;
}
