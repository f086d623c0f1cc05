import { type Request, type RequestHandler, type Response, Router } from 'express';
import { addressSubject } from '../../accounts/address';
import { currentUser } from '../../accounts/current_user';
import { verifyPassword } from '../../accounts/passwords';
import { endSession, startSession } from '../../accounts/sessions';
import type { User, Users } from '../../accounts/users';
import type { QuotaClient } from '../../quota/client';
import { setRateLimitHeaders, setRetryAfter } from '../../quota/rate_limit_headers';
import { sendRefused } from '../errors/refused';
import { describeLimit } from '../format';
import type { SendPage } from '../view';
import { type LoginFaults, type LoginForm, parseLogin } from './form';

const LOGIN_ATTEMPT_POLICY = 'login-attempt';
const CONNECTION_POLICY = 'connection';
const HOME_LINK = { href: '/', text: 'Back to the home page' };

type Parts = { users: Users; quota: QuotaClient; sendPage: SendPage };

/** GET and POST /login, POST /logout. */
export function loginRoutes({ users, quota, sendPage }: Parts): Router {
  const router = Router();

  router.get('/login', skipWhenLoggedIn, (req, res) => sendForm(sendPage, req, res, { status: 200 }));

  router.post('/login', skipWhenLoggedIn, async (req, res) => {
    const parsed = parseLogin(req.body);
    if (parsed.form === undefined) return sendForm(sendPage, req, res, { status: 400, ...parsed });

    // Before the password is looked at, so that guessing is slowed whatever the guesses are.
    const attempt = await quota.admit({ policy: LOGIN_ATTEMPT_POLICY, subject: addressSubject(req.ip) });
    if (!attempt.admitted) {
      setRetryAfter(res, attempt);
      return sendRefused(sendPage, req, res, {
        admission: attempt,
        title: 'Too many tries',
        explanation: 'Too many logins have been tried from your address.',
        back: HOME_LINK,
      });
    }

    const user = await checkPassword(users, parsed.form);
    if (user === undefined) {
      return sendForm(sendPage, req, res, {
        status: 401,
        typedEmail: parsed.form.email,
        alert: 'This email and password do not belong together.',
      });
    }
    await connectUser({ user, quota, sendPage, req, res });
  });

  router.post('/logout', async (req, res) => {
    await endSession(req, res);
    res.redirect(303, '/');
  });

  return router;
}

const skipWhenLoggedIn: RequestHandler = (_req, res, next) => {
  if (currentUser(res) === undefined) next();
  else res.redirect(303, '/services');
};

type FormState = { status: number; typedEmail?: string; faults?: LoginFaults; alert?: string };

function sendForm(sendPage: SendPage, req: Request, res: Response, state: FormState): void {
  const { status, typedEmail = '', faults = {}, alert } = state;
  sendPage(req, res, { view: 'login/login', title: 'Log in', status, data: { typedEmail, faults, alert } });
}

async function checkPassword(users: Users, { email, password }: LoginForm): Promise<User | undefined> {
  const user = await users.findByEmail(email);
  // Also without a user: an unknown email must take as long as a wrong password.
  const matches = await verifyPassword(user?.passwordHash, password);
  return matches ? user : undefined;
}

type Connecting = { user: User; quota: QuotaClient; sendPage: SendPage; req: Request; res: Response };

/** Opens a session for a user whose password was right, if their quota of connections lets them in. */
async function connectUser({ user, quota, sendPage, req, res }: Connecting): Promise<void> {
  const connection = await quota.admit({ policy: CONNECTION_POLICY, subject: String(user.id) });
  setRateLimitHeaders(res, connection);
  req.log.info({ userId: user.id, admitted: connection.admitted }, 'a user asked to connect');
  if (!connection.admitted) {
    return sendRefused(sendPage, req, res, {
      admission: connection,
      title: 'Too many connections',
      explanation: `Your password is right, but you have connected too often${describeLimit(connection.limits)}.`,
      back: HOME_LINK,
    });
  }
  await startSession(req, user.id);
  res.redirect(303, '/services');
}
