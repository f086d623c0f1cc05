import { type Request, type Response, Router } from 'express';
import { signUp } from '../../accounts/new_user';
import { hashPassword } from '../../accounts/passwords';
import { EmailTaken, type Users } from '../../accounts/users';
import { fault } from '../../forms/faults';
import type { QuotaClient } from '../../quota/client';
import { type FormState, parseForm } from '../forms/form';
import type { SendPage } from '../view';
import { admitAttempt } from './attempt';
import { sendUsersOn } from './back';
import { connectUser } from './connect';
import { sendLogin } from './page';

type Parts = { users: Users; quota: QuotaClient; sendPage: SendPage };

/** POST /signup, whose form stands on the login's page. */
export function signUpRoutes({ users, quota, sendPage }: Parts): Router {
  const router = Router();
  const sendAgain = (req: Request, res: Response, status: number, form: FormState) =>
    sendLogin(req, res, { sendPage, status, signUp: form });

  router.get('/signup', (_req, res) => res.redirect(303, '/login'));

  router.post('/signup', sendUsersOn, async (req, res) => {
    const parsed = parseForm(signUp, req.body);
    if (parsed.form === undefined) return sendAgain(req, res, 400, parsed);
    const { password, ...typed } = parsed.form;
    const page = { sendPage };
    const { refusal: guard } = await admitAttempt({ quota, req, res });
    if (guard !== undefined)
      return sendLogin(req, res, { ...page, refusal: guard, signUp: { typed, faults: {} } });

    const passwordHash = await hashPassword(password);
    const id = await insert(users, { ...typed, role: 'student', passwordHash });
    if (id === undefined) {
      // A clear message, for people who forgot their account: the guard above slows those who search for accounts this way.
      return sendAgain(req, res, 409, { typed, faults: { email: [fault('signup.fault.taken')] } });
    }
    req.log.info({ userId: id }, 'a student signed up');
    const refusal = await connectUser({ user: { id, passwordHash }, quota, req, res });
    // The account exists: only the login is left to do.
    const login = { typed: { email: typed.email }, faults: {} };
    if (refusal !== undefined) sendLogin(req, res, { ...page, refusal, login, isOfAccount: true });
  });

  return router;
}

/** The new user's id; undefined if the email is taken. */
async function insert(users: Users, user: Parameters<Users['insert']>[0]): Promise<number | undefined> {
  try {
    return await users.insert(user);
  } catch (error) {
    if (error instanceof EmailTaken) return undefined;
    throw error;
  }
}
