import { z } from 'zod';
import { fault } from '../forms/faults';
import type { MessageKey } from '../i18n/messages';
import { isGuessable } from './password_strength';

/** The longest address that SMTP can carry (RFC 5321), and the size of the column. */
const MAX_EMAIL = 254;
const MAX_NAME = 100;
const MIN_PASSWORD = 10;

/** Far above any passphrase, and low enough that hashing it costs nothing more. */
export const MAX_PASSWORD = 256;

/** The bounds, as the messages about faults show them. */
export const ACCOUNT_BOUNDS = {
  maxEmail: MAX_EMAIL,
  maxName: MAX_NAME,
  minPassword: MIN_PASSWORD,
  maxPassword: MAX_PASSWORD,
} as const;

export const email = z
  .string(fault('account.fault.email'))
  .trim()
  .max(MAX_EMAIL, fault('account.fault.email-length'))
  .pipe(z.email(fault('account.fault.email')));

const firstName = nameThat(fault('account.fault.first-name'));
const lastName = nameThat(fault('account.fault.last-name'));

/** A name; `missing` is the message of its field if it is empty. */
function nameThat(missing: MessageKey) {
  return (
    z
      .string(missing)
      .trim()
      .max(MAX_NAME, fault('account.fault.name-length'))
      // A name of zero-width spaces would be invisible, and so would the link on it.
      .regex(/[\p{L}\p{N}]/u, missing)
      .regex(/^\P{Cc}*$/u, fault('account.fault.name-characters'))
  );
}

/** A password that somebody chooses. */
const newPassword = z
  .string(fault('account.fault.password'))
  .min(MIN_PASSWORD, { error: fault('account.fault.password-short'), abort: true })
  .max(MAX_PASSWORD, { error: fault('account.fault.password-long'), abort: true })
  .refine((password) => !isGuessable(password), { error: fault('account.fault.password-weak'), abort: true });

/** The same, for somebody about whom others know these words. */
export function newPasswordOf(words: readonly string[]): z.ZodType {
  const weak = fault('account.fault.password-weak');
  return newPassword.refine((password) => !isGuessable(password, words), { error: weak, when: isSound });
}

/** The same message is not shown twice. */
function isSound({ issues }: z.core.ParsePayload): boolean {
  return issues.length === 0;
}

const fields = z.object({
  email,
  firstName,
  lastName,
  role: z.enum(['student', 'staff'], fault('account.fault.role')),
  password: newPassword,
});

const WEAK_FOR_OWNER = { error: fault('account.fault.password-weak'), path: ['password'] };

/** What every new account must satisfy, wherever it is made. */
export const newUser = fields.refine(hasOwnSecret, WEAK_FOR_OWNER);

/** What a visitor sends to sign up: nobody chooses their own role. */
export const signUp = fields.omit({ role: true }).refine(hasOwnSecret, WEAK_FOR_OWNER);

type Owner = { email: string; firstName: string; lastName: string };

/** What others know about somebody, and would try first. */
export function ownWords({ email, firstName, lastName }: Owner): string[] {
  return [email, firstName, lastName];
}

function hasOwnSecret({ password, ...owner }: Owner & { password: string }): boolean {
  return !isGuessable(password, ownWords(owner));
}

export type NewUser = z.infer<typeof newUser>;
