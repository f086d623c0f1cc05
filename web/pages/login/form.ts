import { z } from 'zod';
import { email, fault, MAX_PASSWORD } from '../../accounts/new_user';

/** What was typed, by field. */
export type Typed = Record<string, string | undefined>;

/** What is wrong, by field: keys of sentences. */
export type Faults = Record<string, string[] | undefined>;

/** A form as it was sent, to be shown again. */
export type FormState = { typed: Typed; faults: Faults };

export type Parsed<T> = { form: T } | (FormState & { form: undefined });

/** A password that somebody has: what is asked of a new one need not hold for it. */
export const knownPassword = z
  .string(fault('account.fault.password'))
  .min(1, fault('account.fault.password'))
  .max(MAX_PASSWORD, fault('account.fault.password-long'));

const typedFields = z.record(z.string(), z.string().optional().catch(undefined)).catch({});

/** The form of the login. */
export const loginForm = z.object({ email, password: knownPassword });

/** Reads a form, or says what is wrong at each field, beside what was typed there. */
export function parseForm<T>(schema: z.ZodType<T>, body: unknown): Parsed<T> {
  const typed = typedFields.parse(body);
  const parsed = schema.safeParse(typed);
  if (parsed.success) return { form: parsed.data };
  return { form: undefined, typed, faults: z.flattenError(parsed.error).fieldErrors };
}
