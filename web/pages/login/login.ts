import { type Request, type Response, Router } from 'express';
import type { KnownDevices } from '../../accounts/known_devices';
import { verifyPassword } from '../../accounts/passwords';
import { endSession } from '../../accounts/sessions';
import type { UserWithPassword } from '../../accounts/user';
import type { Users } from '../../accounts/users';
import type { QuotaClient } from '../../quota/client';
import { parseForm } from '../forms/form';
import { giveBack, orGiveBack } from '../quota/give_back';
import type { Refusal } from '../quota/refusal';
import type { SendPage } from '../view';
import { admitAttempt, admitPassword } from './attempt';
import { sendUsersOn } from './back';
import { connectUser } from './connect';
import { loginForm } from './form';
import { sendLogin } from './page';

type Parts = { users: Users; quota: QuotaClient; devices: KnownDevices; sendPage: SendPage };

/** GET and POST /login, POST /logout, and a way back from there. */
export function loginRoutes(parts: Parts): Router {
  const { quota, devices, sendPage } = parts;
  const router = Router();

  router.get('/login', sendUsersOn, (req, res) => sendLogin(req, res, { sendPage }));

  router.post('/login', sendUsersOn, async (req, res) => {
    const parsed = parseForm(loginForm, req.body);
    if (parsed.form === undefined) {
      return sendLogin(req, res, { sendPage, status: 400, login: parsed });
    }
    const { email, password } = parsed.form;
    const page = { sendPage, login: { typed: { email }, faults: {} } };
    // Another account may log in from here meanwhile.
    const refuseAccount = (refusal: Refusal) => sendLogin(req, res, { ...page, refusal, isOfAccount: true });
    const attempt = await admitAttempt({ quota, req, res });
    if (attempt.refusal !== undefined) return sendLogin(req, res, { ...page, refusal: attempt.refusal });
    const giving = { quota, req };
    const subject = devices.subjectOf({ req, email });
    const tried = await admitPassword({ quota, subject, req, res });
    if (tried.refusal !== undefined) return refuseAccount(tried.refusal);

    const logIn = () =>
      orGiveBack(giving, tried.taken, () => checkAndConnect({ ...parts, email, password, req, res }));
    const outcome = await orGiveBack(giving, attempt.taken, logIn);
    if (outcome === 'wrong') return sendLogin(req, res, { ...page, status: 401, alert: 'login.wrong' });
    giveBack(giving, tried.taken);
    if (outcome !== 'connected') return refuseAccount(outcome);
    giveBack(giving, attempt.taken);
  });

  // The link on the page about an outdated form leads here.
  router.get('/logout', (_req, res) => res.redirect(303, '/'));

  router.post('/logout', async (req, res) => {
    await endSession(req, res);
    res.redirect(303, '/');
  });

  return router;
}

type LoggingIn = Parts & { email: string; password: string; req: Request; res: Response };

/** Answers the request if the password is right and the daemon admits the connection. */
async function checkAndConnect(asked: LoggingIn): Promise<'wrong' | 'connected' | Refusal> {
  const { users, quota, devices, email, password, req, res } = asked;
  const user = await checkPassword(users, { email, password });
  if (user === undefined) return 'wrong';
  devices.remember({ req, res, user });
  return (await connectUser({ user, quota, req, res })) ?? 'connected';
}

async function checkPassword(
  users: Users,
  { email, password }: { email: string; password: string },
): Promise<UserWithPassword | undefined> {
  const user = await users.findByEmail(email);
  // Without a user too: an unknown email must take as long as a wrong password.
  const matches = await verifyPassword(user?.passwordHash, password);
  return matches ? user : undefined;
}
