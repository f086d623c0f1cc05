import { parseArgs } from 'node:util';
import { Refusal } from '../console/refusal';

/** A command line that names one account, and the switches of its command. */
type CommandLine = { args: readonly string[]; usage: string; switches?: readonly string[] };

/** Reads the email of an account, given as `--email E` or as `E` alone, and which switches are set. */
export function parseAccountArguments({ args, usage, switches = [] }: CommandLine): {
  email: string;
  set: ReadonlySet<string>;
} {
  const options = {
    email: { type: 'string' },
    ...Object.fromEntries(switches.map((name) => [name, { type: 'boolean' as const }])),
  } as const;
  const { values, positionals } = parseStrictly({ args, usage, options });
  const emails = [values.email, ...positionals].filter((email) => typeof email === 'string' && email !== '');
  const [email] = emails;
  // An extra argument is not repeated: it may be a password.
  if (typeof email !== 'string' || emails.length > 1) throw new Refusal(`Give one email.\n${usage}`);
  return { email, set: new Set(switches.filter((name) => values[name] === true)) };
}

type Options = Record<string, { type: 'string' | 'boolean' }>;

function parseStrictly({
  args,
  usage,
  options,
}: {
  args: readonly string[];
  usage: string;
  options: Options;
}): {
  values: Record<string, unknown>;
  positionals: string[];
} {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new Refusal(`${error instanceof Error ? error.message : error}\n${usage}`, { cause: error });
  }
}
