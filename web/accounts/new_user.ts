import { z } from 'zod';
import type { MessageKey } from '../i18n/messages';

/** The longest address that SMTP can carry (RFC 5321), and the size of the column. */
const MAX_EMAIL = 254;
const MAX_NAME = 100;
const MIN_PASSWORD = 10;

/** Far above any passphrase, and low enough that hashing it costs nothing more. */
export const MAX_PASSWORD = 256;

/** What the sentences about faults say of the bounds. */
export const ACCOUNT_BOUNDS = {
  maxEmail: MAX_EMAIL,
  maxName: MAX_NAME,
  minPassword: MIN_PASSWORD,
  maxPassword: MAX_PASSWORD,
} as const;

/** A fault is told as the key of its sentence: whoever shows it knows the reader's language. */
export const fault = (key: MessageKey) => key;

export const email = z
  .string(fault('account.fault.email'))
  .trim()
  .max(MAX_EMAIL, fault('account.fault.email-length'))
  .pipe(z.email(fault('account.fault.email')));

const name = z
  .string(fault('account.fault.name'))
  .trim()
  .max(MAX_NAME, fault('account.fault.name-length'))
  // Of spaces without width alone, it could not be seen, nor the link that it is.
  .regex(/[\p{L}\p{N}]/u, fault('account.fault.name'))
  .regex(/^\P{Cc}*$/u, fault('account.fault.name-characters'));

/** A password that somebody chooses. */
export const newPassword = z
  .string(fault('account.fault.password'))
  .min(MIN_PASSWORD, fault('account.fault.password-short'))
  .max(MAX_PASSWORD, fault('account.fault.password-long'));

/** What every new account must satisfy, wherever it is made. */
export const newUser = z.object({
  email,
  firstName: name,
  lastName: name,
  role: z.enum(['student', 'staff'], fault('account.fault.role')),
  password: newPassword,
});

/** What somebody says who signs up: nobody chooses the own role. */
export const signUp = newUser.omit({ role: true });

export type NewUser = z.infer<typeof newUser>;
