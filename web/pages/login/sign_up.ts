import { type Request, type Response, Router } from 'express';
import type { z } from 'zod';
import { signUp } from '../../accounts/new_user';
import { hashPassword } from '../../accounts/passwords';
import { EmailTaken, type Users } from '../../accounts/users';
import { fault } from '../../forms/faults';
import type { QuotaClient } from '../../quota/client';
import { type FormState, parseForm } from '../forms/form';
import { orGiveBack } from '../quota/give_back';
import type { Refusal } from '../quota/refusal';
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
    const { password: _, ...typed } = parsed.form;
    const form = { typed, faults: {} };
    const attempt = await admitAttempt({ quota, req, res });
    if (attempt.refusal !== undefined)
      return sendLogin(req, res, { sendPage, refusal: attempt.refusal, signUp: form });

    const outcome = await orGiveBack({ quota, req }, attempt.taken, () =>
      insertAndConnect({ users, quota, account: parsed.form, req, res }),
    );
    if (outcome === 'taken') {
      // A clear message, for people who forgot their account: the guard above slows those who search for accounts this way.
      return sendAgain(req, res, 409, { ...form, faults: { email: [fault('signup.fault.taken')] } });
    }
    if (outcome === 'connected') return;
    // The account exists: only the login is left to do.
    const login = { typed: { email: typed.email }, faults: {} };
    sendLogin(req, res, { sendPage, refusal: outcome, login, isOfAccount: true });
  });

  return router;
}

type SigningUp = Omit<Parts, 'sendPage'> & {
  account: z.infer<typeof signUp>;
  req: Request;
  res: Response;
};

/** Makes the account, then answers the request if the daemon admits the connection. */
async function insertAndConnect(asked: SigningUp): Promise<'taken' | 'connected' | Refusal> {
  const { users, quota, account, req, res } = asked;
  const { password, ...named } = account;
  const passwordHash = await hashPassword(password);
  const id = await insert(users, { ...named, role: 'student', passwordHash });
  if (id === undefined) return 'taken';
  req.log.info({ userId: id }, 'a student signed up');
  return (await connectUser({ user: { id, passwordHash }, quota, req, res })) ?? 'connected';
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
