import { z } from 'zod';
import { fault, newPasswordOf } from '../../accounts/new_user';
import { isSamePassword } from '../../accounts/passwords';
import type { Faults } from '../forms/form';
import { knownPassword } from '../login/form';

/** The three fields as they were typed; what was not sent counts as empty. */
export type PasswordForm = { current: string; chosen: string; repeated: string };

const text = z.string().catch('');

const passwordForm = z
  .object({ current: text, new: text, repeated: text })
  .transform(({ new: chosen, ...typed }) => ({ ...typed, chosen }))
  .catch({ current: '', chosen: '', repeated: '' });

/** Reads the form. */
export function parsePassword(body: unknown): PasswordForm {
  return passwordForm.parse(body);
}

/** What is wrong at each field, as far as the form itself shows it, if these are the words of the one who sent it. */
export function passwordFaults(
  { current, chosen, repeated }: PasswordForm,
  words: readonly string[],
): Faults {
  const different = isSamePassword(chosen, current) ? [fault('account.fault.password-same')] : [];
  const repetition = isSamePassword(chosen, repeated) ? [] : [fault('account.fault.password-repeated')];
  return withoutEmpty({
    current: faultsOf(knownPassword, current),
    new: [...faultsOf(newPasswordOf(words), chosen), ...different],
    repeated: repetition,
  });
}

function faultsOf(schema: z.ZodType, value: string): string[] {
  return schema.safeParse(value).error?.issues.map(({ message }) => message) ?? [];
}

function withoutEmpty(faults: Record<string, string[]>): Faults {
  return Object.fromEntries(Object.entries(faults).filter(([, messages]) => messages.length > 0));
}
