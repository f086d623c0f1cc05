import { parseArgs } from 'node:util';
import { FIGURES } from './catalogue';

/** The part of the bench that measures the site, in ratios without bounds. */
export const SITE = 'market';

/** What the command line asks for. */
export interface BenchArguments {
  /** The figures to measure, by name. */
  readonly figures: ReadonlySet<string>;
  readonly hasSite: boolean;
  /** A smoke run: every part works, and no number means anything. */
  readonly isQuick: boolean;
  /** Where the results go as JSON. */
  readonly jsonFile?: string;
  /** The compiled main.js of the daemon to measure, if it is not this one's. */
  readonly daemon?: string;
  /** How many users the large store has. */
  readonly users: number;
}

const DEFAULT_USERS = 1_000_000;
const QUICK_USERS = 10_000;

const OPTIONS = {
  quick: { type: 'boolean', default: false },
  json: { type: 'string' },
  daemon: { type: 'string' },
  users: { type: 'string' },
} as const;

export const USAGE = `Usage: npm run bench -- [NAME…] [--quick] [--json FILE] [--daemon MAIN.JS] [--users N]
NAME is a figure, a group of them, or ${SITE}; everything unless given:
${FIGURES.map(({ name }) => `  ${name}`).join('\n')}`;

/** Reads the command line. Throws an error with what is wrong. */
export function parseArguments(args: readonly string[]): BenchArguments {
  const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  const unknown = positionals.filter((name) => name !== SITE && figuresOf(name).length === 0);
  if (unknown.length > 0) throw new Error(`there is no figure called ${unknown.join(', ')}`);
  const users = Number(values.users ?? (values.quick ? QUICK_USERS : DEFAULT_USERS));
  if (!Number.isInteger(users) || users < 1000)
    throw new Error(`--users must be a whole number, 1000 or more; it is ${values.users}`);
  const isAll = positionals.length === 0;
  return {
    figures: new Set(isAll ? FIGURES.map(({ name }) => name) : positionals.flatMap(figuresOf)),
    hasSite: isAll || positionals.includes(SITE),
    isQuick: values.quick,
    jsonFile: values.json,
    daemon: values.daemon,
    users,
  };
}

/** The figures of a name, which is that of a figure or of a group. */
function figuresOf(name: string): string[] {
  return FIGURES.map((figure) => figure.name).filter(
    (figure) => figure === name || figure.startsWith(`${name}.`),
  );
}
