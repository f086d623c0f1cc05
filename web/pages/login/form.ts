import { z } from 'zod';
import { email, MAX_PASSWORD } from '../../accounts/new_user';

const loginForm = z.object({
  email,
  password: z
    .string('Enter your password.')
    .min(1, 'Enter your password.')
    .max(MAX_PASSWORD, `A password has at most ${MAX_PASSWORD} characters.`),
});

export type LoginForm = z.infer<typeof loginForm>;

/** What is wrong, by field. */
export type LoginFaults = { email?: string[] | undefined; password?: string[] | undefined };

export type ParsedLogin = { form: LoginForm } | { form: undefined; typedEmail: string; faults: LoginFaults };

/** Reads the login form, or says what is wrong at each field, with the email as it was typed. */
export function parseLogin(body: unknown): ParsedLogin {
  const fields = z.record(z.string(), z.unknown()).catch({}).parse(body);
  const parsed = loginForm.safeParse(fields);
  if (parsed.success) return { form: parsed.data };
  const typed = fields.email;
  return {
    form: undefined,
    typedEmail: typeof typed === 'string' ? typed : '',
    faults: z.flattenError(parsed.error).fieldErrors,
  };
}
