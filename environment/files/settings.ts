import { readFileSync } from 'node:fs';

/** A variable that cannot be used, and why; the value is never shown, as it may be a secret. */
export interface EnvironmentFault {
  readonly variable: string;
  readonly problem: string;
}

export interface ReadEnvironment {
  readonly values: Readonly<Record<string, string>>;
  readonly faults: readonly EnvironmentFault[];
}

/**
 * Reads the environment. Each of the named variables may also come from the file that `NAME_FILE` names, as secrets do,
 * without its line end. A variable that is set to nothing counts as unset.
 */
export function readEnvironment(env: NodeJS.ProcessEnv, names: readonly string[]): ReadEnvironment {
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) if (value) values[name] = value;
  const faults = names.flatMap((name) => {
    const variable = `${name}_FILE`;
    const file = values[variable];
    // Some settings are the name of a file themselves.
    if (file === undefined || names.includes(variable)) return [];
    if (values[name] !== undefined) return { variable: name, problem: `and ${variable} are both set` };
    const read = readSetting(file);
    if ('problem' in read) return { variable, problem: read.problem };
    values[name] = read.text;
    return [];
  });
  return { values, faults };
}

function readSetting(file: string): { text: string } | { problem: string } {
  try {
    const text = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    return text === '' ? { problem: 'names an empty file' } : { text };
  } catch (error) {
    return {
      problem: `cannot be read: ${(error as NodeJS.ErrnoException).code}`,
    };
  }
}

/** The scheme of a URL, and its user and password. Of several hosts, which `URL` cannot read, no more is needed. */
const BEFORE_HOSTS = /^([a-z][a-z0-9+.-]*:\/\/)(?:([^@/?#]*)@)?/i;

/** The URL with the password in it, if one is given and the URL has none. */
export function withPassword(url: string, password: string | undefined): string {
  if (password === undefined || hasPassword(url)) return url;
  return url.replace(BEFORE_HOSTS, (_, scheme: string, user = '') => {
    return `${scheme}${user.replace(/:$/, '')}:${encodeURIComponent(password)}@`;
  });
}

/** Whether the URL holds a password. */
export function hasPassword(url: string): boolean {
  return /:./s.test(BEFORE_HOSTS.exec(url)?.[2] ?? '');
}
