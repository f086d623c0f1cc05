import { parseArgs } from 'node:util';
import { FIGURES } from './catalogue';

/** The parts of the bench that measure the site, in ratios without bounds: its lists, and what its pages cost. */
export const SITE_PARTS = ['market', 'site'] as const;

export type SitePart = (typeof SITE_PARTS)[number];

/** What the command line asks for. */
export interface BenchArguments {
  /** The figures to measure, by name. */
  readonly figures: ReadonlySet<string>;
  readonly siteParts: ReadonlySet<SitePart>;
  /** A smoke run: every part works, and no number means anything. */
  readonly isQuick: boolean;
  /** The file for the results as JSON. */
  readonly jsonFile?: string;
  /** The compiled main.js of the daemon to measure, if it is not this one's. */
  readonly daemon?: string;
  /** The compiled main.js of an earlier web tier, to compare the pages with. */
  readonly webBefore?: string;
  /** How many users the large store has. */
  readonly users: number;
  /** Rounds of each measurement, if not as many as usual. */
  readonly rounds?: number | undefined;
}

const DEFAULT_USERS = 1_000_000;
const QUICK_USERS = 10_000;

const OPTIONS = {
  quick: { type: 'boolean', default: false },
  json: { type: 'string' },
  daemon: { type: 'string' },
  'web-before': { type: 'string' },
  users: { type: 'string' },
  rounds: { type: 'string' },
} as const;

export const USAGE = `Usage: npm run bench -- [NAME…] [--quick] [--json FILE] [--daemon MAIN.JS] [--web-before MAIN.JS] [--users N] [--rounds N]
NAME is a figure, a group of them, ${SITE_PARTS.join(' or ')}; everything unless given:
${FIGURES.map(({ name }) => `  ${name}`).join('\n')}`;

/** Reads the command line. Throws an error with what is wrong. */
export function parseArguments(args: readonly string[]): BenchArguments {
  const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  const unknown = positionals.filter((name) => !isSitePart(name) && figuresOf(name).length === 0);
  if (unknown.length > 0) throw new Error(`there is no figure called ${unknown.join(', ')}`);
  const users = Number(values.users ?? (values.quick ? QUICK_USERS : DEFAULT_USERS));
  if (!Number.isInteger(users) || users < 1000)
    throw new Error(`--users must be a whole number, 1000 or more; it is ${values.users}`);
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds >= 1))
    throw new Error(`--rounds must be a whole number, 1 or more; it is ${values.rounds}`);
  const isAll = positionals.length === 0;
  return {
    figures: new Set(isAll ? FIGURES.map(({ name }) => name) : positionals.flatMap(figuresOf)),
    siteParts: new Set(isAll ? SITE_PARTS : positionals.filter(isSitePart)),
    isQuick: values.quick,
    jsonFile: values.json,
    daemon: values.daemon,
    webBefore: values['web-before'],
    users,
    rounds,
  };
}

function isSitePart(name: string): name is SitePart {
  return SITE_PARTS.some((part) => part === name);
}

/** The figures of a name, which is that of a figure or of a group. */
function figuresOf(name: string): string[] {
  return FIGURES.map((figure) => figure.name).filter(
    (figure) => figure === name || figure.startsWith(`${name}.`),
  );
}
