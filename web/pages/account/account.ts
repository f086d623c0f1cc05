import { type Request, Router } from 'express';
import { type UserRequest, withUser } from '../../accounts/current_user';
import type { KnownDevices } from '../../accounts/known_devices';
import { ownWords } from '../../accounts/new_user';
import { hashPassword, verifyPassword } from '../../accounts/passwords';
import { startSession } from '../../accounts/sessions';
import type { Users } from '../../accounts/users';
import { fault } from '../../forms/faults';
import type { QuotaClient } from '../../quota/client';
import type { SendPage } from '../view';
import { deleteOwnAccount } from './deletion';
import { type PasswordForm, parsePassword, passwordFaults } from './password_form';
import { sendAccount } from './send_account';
import { tryPassword } from './try_password';

const HERE = '/account';

type Parts = { users: Users; quota: QuotaClient; devices: KnownDevices; sendPage: SendPage };

/** GET /account, POST /account/password, and POST /account/delete. */
export function accountRoutes(parts: Parts): Router {
  const router = Router();
  router.get(
    HERE,
    withUser((asked) => sendAccount(parts.sendPage, asked)),
  );
  router.get(`${HERE}/password`, (_req, res) => res.redirect(303, HERE));
  router.post(
    `${HERE}/password`,
    withUser((asked) => changeOwnPassword(parts, asked)),
  );
  router.get(`${HERE}/delete`, (_req, res) => res.redirect(303, HERE));
  router.post(
    `${HERE}/delete`,
    withUser((asked) => deleteOwnAccount(parts, asked)),
  );
  return router;
}

async function changeOwnPassword(parts: Parts, asked: UserRequest): Promise<void> {
  const { users, sendPage } = parts;
  const { user, req, res } = asked;
  const form = parsePassword(req.body);
  const formFaults = passwordFaults(form, ownWords(user));
  // No password was tried, so nothing is counted.
  if (Object.keys(formFaults).length > 0) return sendAccount(sendPage, asked, { faults: formFaults });
  const { refusal, isWrong } = await tryPassword({ ...parts, ...asked }, () =>
    changePassword({ users, id: user.id, req, form }),
  );
  if (refusal !== undefined) return sendAccount(sendPage, asked, { refusal });
  if (isWrong) {
    const faults = { current: [fault('account.fault.password-wrong')] };
    return sendAccount(sendPage, asked, { faults });
  }
  res.redirect(303, `${HERE}?done=password`);
}

type Change = { users: Users; id: number; req: Request; form: PasswordForm };

/** Changes the password and keeps only this session; false if the current password is wrong. */
async function changePassword({ users, id, req, form }: Change): Promise<boolean> {
  const user = await users.findById(id);
  if (user === undefined || !(await verifyPassword(user.passwordHash, form.current))) return false;

  const passwordHash = await hashPassword(form.chosen);
  const isChanged = await users.replacePassword({ id, from: user.passwordHash, to: passwordHash });
  // Another session changed it first, and has ended this one.
  if (!isChanged) return false;
  req.log.info({ userId: id }, 'a password was changed');
  await startSession(req, { id, passwordHash });
  return true;
}
