import type { z } from 'zod';
import { isMessageKey, type MessageKey } from '../i18n/messages';

/** The faults of each field, as keys of messages: the page that shows them knows the reader's language. */
export type Faults = { readonly [field: string]: readonly MessageKey[] | undefined };

/** A fault is the key of its message. */
export const fault = (key: MessageKey) => key;

/** What a schema found wrong, by field. All of its messages are keys. */
export function faultsByField({ issues }: z.ZodError): Faults {
  const faults: Record<string, MessageKey[]> = {};
  for (const { path, message } of issues) {
    const field = String(path[0]);
    if (isMessageKey(message)) faults[field] = [...(faults[field] ?? []), message];
  }
  return faults;
}
