import { z } from 'zod';
import type { UserRequest } from '../../accounts/current_user';
import type { KnownDevices } from '../../accounts/known_devices';
import { verifyPassword } from '../../accounts/passwords';
import { endSession } from '../../accounts/sessions';
import type { Users } from '../../accounts/users';
import { fault, faultsByField } from '../../forms/faults';
import type { QuotaClient } from '../../quota/client';
import { knownPassword } from '../login/form';
import type { SendPage } from '../view';
import { sendAccount } from './send_account';
import { tryPassword } from './try_password';

const deletionForm = z.object({ password: knownPassword });

type Parts = { users: Users; quota: QuotaClient; devices: KnownDevices; sendPage: SendPage };

/** Deletes the account of a student after a check of the password, and logs out. */
export async function deleteOwnAccount(parts: Parts, asked: UserRequest): Promise<void> {
  const { users, sendPage } = parts;
  const { user, req, res } = asked;
  // Only an operator deletes accounts of the staff.
  if (user.role !== 'student') return sendAccount(sendPage, asked);
  const parsed = deletionForm.safeParse(req.body ?? {});
  if (!parsed.success)
    return sendAccount(sendPage, asked, { form: 'deletion', faults: faultsByField(parsed.error) });
  const { refusal, isWrong } = await tryPassword({ ...parts, ...asked }, async () => {
    const found = await users.findById(user.id);
    const isRight = await verifyPassword(found?.passwordHash, parsed.data.password);
    if (isRight) await users.delete(user.id);
    return isRight;
  });
  if (refusal !== undefined) return sendAccount(sendPage, asked, { form: 'deletion', refusal });
  if (isWrong) {
    const faults = { password: [fault('account.fault.password-wrong')] };
    return sendAccount(sendPage, asked, { form: 'deletion', faults });
  }
  req.log.info({ userId: user.id }, 'a student deleted the account');
  await endSession(req, res);
  res.redirect(303, '/login?done=deleted');
}
