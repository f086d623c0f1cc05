import { z } from 'zod';

/** The longest address that SMTP can carry (RFC 5321), and the size of the column. */
const MAX_EMAIL = 254;
const MAX_NAME = 100;
const MIN_PASSWORD = 10;

/** Far above any passphrase, and low enough that hashing it costs nothing more. */
export const MAX_PASSWORD = 256;

export const email = z
  .string('Enter an email address.')
  .trim()
  .max(MAX_EMAIL, `An email address has at most ${MAX_EMAIL} characters.`)
  .pipe(z.email('Enter an email address such as ada@example.org.'));

const name = z
  .string('Enter a name.')
  .trim()
  .min(1, 'Enter a name.')
  .max(MAX_NAME, `A name has at most ${MAX_NAME} characters.`)
  .regex(/^\P{Cc}*$/u, 'A name has no control characters.');

/** What every new account must satisfy, wherever it is made. */
export const newUser = z.object({
  email,
  firstName: name,
  lastName: name,
  role: z.enum(['student', 'staff'], 'A role is student or staff.'),
  password: z
    .string('Enter a password.')
    .min(MIN_PASSWORD, `A password has at least ${MIN_PASSWORD} characters.`)
    .max(MAX_PASSWORD, `A password has at most ${MAX_PASSWORD} characters.`),
});

export type NewUser = z.infer<typeof newUser>;
