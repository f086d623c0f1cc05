import { parseArgs } from 'node:util';
import { ACCOUNT_BOUNDS, type NewUser, newPasswordOf, newUser, ownWords } from '../../web/accounts/new_user';
import type { User } from '../../web/accounts/user';
import { createMessages, isMessageKey } from '../../web/i18n/messages';

/** The operators' tools speak English. */
const sentence = createMessages('en');

/** A new user as on the command line; not checked yet. */
export interface UserArguments {
  readonly values: Readonly<Record<string, string | undefined>>;
  /** The faults of the command line itself. */
  readonly faults: readonly string[];
}

/** The options, by the name of the field that each gives. */
const OPTIONS = { email: 'email', 'first-name': 'firstName', 'last-name': 'lastName', role: 'role' } as const;

const optionOf = new Map<string, string>(
  Object.entries(OPTIONS).map(([option, field]) => [field, `--${option}`]),
);

/** Reads the command line. A password is never taken from it: every user of the machine would see it. */
export function parseUserArguments(args: readonly string[]): UserArguments {
  const options = Object.fromEntries(Object.keys(OPTIONS).map((name) => [name, { type: 'string' as const }]));
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const values: Record<string, string | undefined> = { role: 'student' };
  const faults: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') faults.push(`${token.value}: is not an option`);
    if (token.kind !== 'option') continue;
    const field = OPTIONS[token.name as keyof typeof OPTIONS];
    if (field === undefined) faults.push(unknownOption(token.rawName));
    else if (token.value === undefined) faults.push(`${token.rawName}: needs a value`);
    else values[field] = token.value;
  }
  return { values, faults };
}

/** The new user, or every fault of the command line, of its values and of the password together. */
export function checkUser(
  { values, faults }: UserArguments,
  password: string | undefined,
): { user: NewUser } | { faults: string[] } {
  const parsed = newUser.safeParse({ ...values, password });
  const all = [...faults, ...(parsed.error?.issues ?? []).map(describeIssue)];
  return parsed.success && all.length === 0 ? { user: parsed.data } : { faults: all };
}

/** The faults of a new password for this user. */
export function passwordFaults(password: string, user: User): string[] {
  const { error } = newPasswordOf(ownWords(user)).safeParse(password);
  return (error?.issues ?? []).map(({ message }) => describeIssue({ path: ['password'], message }));
}

function describeIssue({ path, message }: { path: readonly PropertyKey[]; message: string }): string {
  const field = String(path[0]);
  const fault = isMessageKey(message) ? sentence(message, ACCOUNT_BOUNDS) : message;
  return `${optionOf.get(field) ?? field}: ${fault}`;
}

function unknownOption(rawName: string): string {
  if (rawName !== '--password') return `${rawName}: is not an option`;
  return '--password: is not an option; you are asked for the password, or it is read from standard input';
}
