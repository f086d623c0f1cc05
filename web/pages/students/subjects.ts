import { browserSubjectOf, type KnownDevices } from '../../accounts/known_devices';
import type { User } from '../../accounts/user';
import { POLICIES } from '../../quota_names';

/** A student, and what names the account if no id does. */
export type Counted = { student: Pick<User, 'id' | 'email'>; devices: KnownDevices };

/**
 * The name under which a policy counts a student: password attempts are counted before anybody knows whose id it is, and
 * apart for each known browser.
 */
export function subjectIn(
  policy: string,
  { student, devices, browser }: Counted & { browser?: string | undefined },
): string {
  if (browser !== undefined) return browserSubjectOf({ userId: student.id, nonce: browser });
  return policy === POLICIES.passwordAttempt ? devices.accountSubjectOf(student.email) : String(student.id);
}
