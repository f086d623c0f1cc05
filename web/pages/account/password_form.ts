import { z } from 'zod';
import { newPasswordOf } from '../../accounts/new_user';
import { isSamePassword } from '../../accounts/passwords';
import { type Faults, fault, faultsByField } from '../../forms/faults';
import type { MessageKey } from '../../i18n/messages';
import { knownPassword } from '../login/form';

/** The three fields as typed; a missing one counts as empty. */
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

/** The faults of each field that the form itself shows; `words` are the user's names and email. */
export function passwordFaults(
  { current, chosen, repeated }: PasswordForm,
  words: readonly string[],
): Faults {
  const different = isSamePassword(chosen, current) ? [fault('account.fault.password-same')] : [];
  const repetition = isSamePassword(chosen, repeated) ? [] : [fault('account.fault.password-repeated')];
  return withoutEmpty({
    current: messagesOf(knownPassword, current),
    new: [...messagesOf(newPasswordOf(words), chosen), ...different],
    repeated: repetition,
  });
}

function messagesOf(schema: z.ZodType, value: string): readonly MessageKey[] {
  const { error } = z.object({ value: schema }).safeParse({ value });
  return (error && faultsByField(error).value) ?? [];
}

function withoutEmpty(faults: Faults): Faults {
  return Object.fromEntries(Object.entries(faults).filter(([, messages = []]) => messages.length > 0));
}
