import type { UserRequest } from '../../accounts/current_user';
import type { KnownDevices } from '../../accounts/known_devices';
import type { QuotaClient } from '../../quota/client';
import { admitAttempt, admitPassword } from '../login/attempt';
import { giveBack, orGiveBack } from '../quota/give_back';
import type { Refusal } from '../quota/refusal';

type Trying = UserRequest & { quota: QuotaClient; devices: KnownDevices };

/** Why the password was not tried, or whether it was wrong. */
export type Tried = { refusal: Refusal; isWrong?: undefined } | { refusal?: undefined; isWrong: boolean };

/**
 * Does what the reader's own password allows, if one more may be tried: from this address and, as at the login, for this
 * account. `act` returns false if the password is wrong; otherwise what was taken is refunded.
 */
export async function tryPassword(
  { quota, devices, user, req, res }: Trying,
  act: () => Promise<boolean>,
): Promise<Tried> {
  const attempt = await admitAttempt({ quota, req, res });
  if (attempt.refusal !== undefined) return attempt;
  const subject = devices.subjectOf({ req, email: user.email });
  const tried = await admitPassword({ quota, subject, req, res });
  if (tried.refusal !== undefined) return tried;
  const giving = { quota, req };
  const isRight = await orGiveBack(giving, attempt.taken, () => orGiveBack(giving, tried.taken, act));
  if (isRight) for (const { taken } of [attempt, tried]) giveBack(giving, taken);
  return { isWrong: !isRight };
}
