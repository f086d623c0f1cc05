import { type Request, type Response, Router } from 'express';
import { requireVisitor } from '../../accounts/current_user';
import { fault, signUp } from '../../accounts/new_user';
import { hashPassword } from '../../accounts/passwords';
import { EmailTaken, type Users } from '../../accounts/users';
import type { QuotaClient } from '../../quota/client';
import { type FormState, parseForm } from '../forms/form';
import type { SendPage } from '../view';
import { admitAttempt } from './attempt';
import { connectUser } from './connect';
import { sendLogin } from './page';

type Parts = { users: Users; quota: QuotaClient; sendPage: SendPage };

/** POST /signup, whose form stands on the login's page. */
export function signUpRoutes({ users, quota, sendPage }: Parts): Router {
  const router = Router();
  const sendAgain = (req: Request, res: Response, status: number, form: FormState) =>
    sendLogin(req, res, { sendPage, offersSignUp: true, status, signUp: form });

  router.get('/signup', (_req, res) => res.redirect(303, '/login'));

  router.post('/signup', requireVisitor, async (req, res) => {
    const parsed = parseForm(signUp, req.body);
    if (parsed.form === undefined) return sendAgain(req, res, 400, parsed);
    const { password, ...typed } = parsed.form;
    const page = { sendPage, offersSignUp: true };
    const guard = await admitAttempt({ quota, req, res });
    if (guard !== undefined)
      return sendLogin(req, res, { ...page, refusal: guard, signUp: { typed, faults: {} } });

    const passwordHash = await hashPassword(password);
    const id = await insert(users, { ...typed, role: 'student', passwordHash });
    if (id === undefined) {
      // Said plainly, for the sake of those who forgot: who fishes for accounts this way is slowed by the guard above.
      return sendAgain(req, res, 409, { typed, faults: { email: [fault('signup.fault.taken')] } });
    }
    req.log.info({ userId: id }, 'a student signed up');
    const refusal = await connectUser({ user: { id, passwordHash }, quota, req, res });
    // The account is there: what is left to do is to log in.
    const login = { typed: { email: typed.email }, faults: {} };
    if (refusal !== undefined) sendLogin(req, res, { ...page, refusal, login });
  });

  return router;
}

/** The new user's id; undefined where the email is taken. */
async function insert(users: Users, user: Parameters<Users['insert']>[0]): Promise<number | undefined> {
  try {
    return await users.insert(user);
  } catch (error) {
    if (error instanceof EmailTaken) return undefined;
    throw error;
  }
}
