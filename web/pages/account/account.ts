import { type Request, type Response, Router } from 'express';
import { currentUser, requireUser } from '../../accounts/current_user';
import { ACCOUNT_BOUNDS, fault, ownWords } from '../../accounts/new_user';
import { hashPassword, verifyPassword } from '../../accounts/passwords';
import { startSession } from '../../accounts/sessions';
import type { Users } from '../../accounts/users';
import { translatorOf } from '../../i18n/translator';
import type { QuotaClient } from '../../quota/client';
import type { Faults } from '../forms/form';
import { admitAttempt } from '../login/attempt';
import type { Refusal } from '../quota/refusal';
import type { SendPage } from '../view';
import { type PasswordForm, parsePassword, passwordFaults } from './password_form';

const HERE = '/account';

type Parts = { users: Users; quota: QuotaClient; sendPage: SendPage };

/** GET /account, and POST /account/password. */
export function accountRoutes({ users, quota, sendPage }: Parts): Router {
  const router = Router();

  router.get(HERE, requireUser, (req, res) => sendAccount(sendPage, req, res));

  router.get(`${HERE}/password`, (_req, res) => res.redirect(303, HERE));

  router.post(`${HERE}/password`, requireUser, async (req, res, next) => {
    const user = currentUser(res);
    if (user === undefined) return next();
    const form = parsePassword(req.body);
    const formFaults = passwordFaults(form, ownWords(user));
    // Nothing was tried, so nothing is taken.
    if (Object.keys(formFaults).length > 0) return sendAccount(sendPage, req, res, { faults: formFaults });
    const refusal = await admitAttempt({ quota, req, res });
    if (refusal !== undefined) return sendAccount(sendPage, req, res, { refusal });

    const faults = await changePassword({ users, id: user.id, req, form });
    if (faults) return sendAccount(sendPage, req, res, { faults });
    res.redirect(303, `${HERE}?done=password`);
  });

  return router;
}

type AccountPage = { faults?: Faults; refusal?: Refusal };

function sendAccount(sendPage: SendPage, req: Request, res: Response, page: AccountPage = {}): void {
  const { faults = {}, refusal } = page;
  const status = refusal?.status ?? (Object.keys(faults).length > 0 ? 400 : 200);
  const data = { faults, refusal, bounds: ACCOUNT_BOUNDS, isPasswordChanged: req.query.done === 'password' };
  sendPage(req, res, { view: 'account/account', title: translatorOf(res).t('account.title'), status, data });
}

type Change = { users: Users; id: number; req: Request; form: PasswordForm };

/** Changes the password and goes on with this session alone; otherwise answers what is wrong. */
async function changePassword({ users, id, req, form }: Change): Promise<Faults | undefined> {
  const user = await users.findById(id);
  const wrong = { current: [fault('account.fault.password-wrong')] };
  if (user === undefined || !(await verifyPassword(user.passwordHash, form.current))) return wrong;

  const passwordHash = await hashPassword(form.chosen);
  const isChanged = await users.replacePassword({ id, from: user.passwordHash, to: passwordHash });
  // Another session was faster, and has ended this one.
  if (!isChanged) return wrong;
  req.log.info({ userId: id }, 'a password was changed');
  await startSession(req, { id, passwordHash });
  return undefined;
}
