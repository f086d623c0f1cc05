import { isNode, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { parseDurationMs } from './duration';
import { isCountedExactly, type Limit, MAX_LIMIT, MAX_SLIDING_WINDOW_LIMIT, MAX_WINDOW_MS } from './limits';

/** What a policy does while the store is out of reach. */
export type StoreFailureRule = 'deny' | 'admit' | 'local';

/** A named rule: which limits an act takes from. */
export interface Policy {
  readonly name: string;
  readonly limits: readonly Limit[];
  /** Whether the admitted ones are connections, which feed the statistics. */
  readonly recordsConnections: boolean;
  readonly onStoreFailure: StoreFailureRule;
}

/** The policies file, validated. */
export interface Policies {
  /** The services whose calls may be recorded, in the file's order. */
  readonly services: readonly string[];
  readonly byName: ReadonlyMap<string, Policy>;
}

/** One fault of a policies file, at a line counted from 1. */
export interface PoliciesFault {
  readonly line: number;
  readonly message: string;
}

/** The policies file cannot be used; every fault of it is listed, in the order of its lines. */
export class PoliciesInvalid extends Error {
  override readonly name = 'PoliciesInvalid';
  constructor(readonly faults: readonly PoliciesFault[]) {
    super(faults.map(({ line, message }) => `line ${line}: ${message}`).join('\n'));
  }
}

const name = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,62}$/,
    'must be lower case letters, digits and hyphens, 63 at most, a letter first',
  );

const windowMs = z.string().transform((text, context) => {
  const ms = parseDurationMs(text);
  if (ms !== undefined && ms <= MAX_WINDOW_MS) return ms;
  context.addIssue(
    `must be a duration such as 500ms, 30s, 10m, 1h or 3d, at most 366d; it is ${JSON.stringify(text)}`,
  );
  return z.NEVER;
});

const limit = z
  .strictObject({
    name,
    algorithm: z.enum(['sliding-window', 'token-bucket']),
    limit: z
      .int('must be a whole number')
      .min(1, 'must be 1 or more')
      .max(MAX_LIMIT, `must be ${MAX_LIMIT} or less`),
    window: windowMs,
  })
  .transform(({ window, ...rest }): Limit => ({ ...rest, windowMs: window }))
  .superRefine((parsed, context) => {
    const fault = countingFault(parsed);
    if (fault !== undefined) context.addIssue({ code: 'custom', path: ['limit'], message: fault });
  });

const policy = z.strictObject({
  records: z.literal('connections').optional(),
  on_store_failure: z.enum(['deny', 'admit', 'local']).default('deny'),
  limits: z.array(limit).min(1, 'must hold at least one limit').max(16, 'must hold 16 limits at most'),
});

const file = z.strictObject({
  services: z.array(name).default([]),
  policies: z
    .record(z.string(), policy)
    .refine((all) => Object.keys(all).length > 0, 'must hold at least one policy'),
});

/** Why a limit cannot be counted exactly, or cheaply; undefined where it can. */
function countingFault(parsed: Limit): string | undefined {
  if (parsed.algorithm === 'sliding-window') {
    if (parsed.limit <= MAX_SLIDING_WINDOW_LIMIT) return undefined;
    return `must be ${MAX_SLIDING_WINDOW_LIMIT} or less for a sliding-window, which keeps every token; use token-bucket for ${parsed.limit}`;
  }
  if (isCountedExactly(parsed)) return undefined;
  return `and window do not go together exactly: ${parsed.limit} in ${parsed.windowMs} ms; use rounder numbers or a shorter window`;
}

/**
 * Reads and validates a policies file. Throws `PoliciesInvalid` with every fault: syntax, unknown or repeated
 * keys, repeated names, numbers and durations out of range.
 */
export function parsePolicies(text: string): Policies {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineAt = (offset: number) => lines.linePos(offset).line;
  const lineOf = (path: readonly PropertyKey[]) => nearestLine(document, path, lineAt);

  const syntax = document.errors.map(({ pos, message }) => ({ line: lineAt(pos[0]), message }));
  const raw: unknown = document.toJS();
  const parsed = file.safeParse(raw);
  const faults = [
    ...syntax,
    ...(parsed.error?.issues ?? []).flatMap((issue) => issueFaults(issue, lineOf)),
    ...nameFaults(raw, lineOf),
  ];
  if (!parsed.success || faults.length > 0) throw new PoliciesInvalid(faults.sort((a, b) => a.line - b.line));
  return toPolicies(parsed.data);
}

function toPolicies({ services, policies }: z.infer<typeof file>): Policies {
  const byName = Object.entries(policies).map(([policyName, { limits, records, on_store_failure }]) => {
    const built = { name: policyName, limits, recordsConnections: records === 'connections' };
    return [policyName, { ...built, onStoreFailure: on_store_failure }] as const;
  });
  return { services, byName: new Map(byName) };
}

type LineOf = (path: readonly PropertyKey[]) => number;

/** The line of the value at the path or, where it is missing, of the nearest thing that would hold it. */
function nearestLine(
  document: ReturnType<typeof parseDocument>,
  path: readonly PropertyKey[],
  lineAt: (offset: number) => number,
): number {
  const node = path.length === 0 ? document.contents : document.getIn(path, true);
  if (isNode(node) && node.range) return lineAt(node.range[0]);
  return path.length === 0 ? 1 : nearestLine(document, path.slice(0, -1), lineAt);
}

function issueFaults(issue: z.core.$ZodIssue, lineOf: LineOf): PoliciesFault[] {
  if (issue.code !== 'unrecognized_keys') return [fault(issue.path, issue.message, lineOf)];
  return issue.keys.map((key) => fault([...issue.path, key], 'is not a known key', lineOf));
}

/** Names are checked apart from the schema, whose refinements wait until all else is right. */
function nameFaults(raw: unknown, lineOf: LineOf): PoliciesFault[] {
  const { services, policies } = (raw ?? {}) as { services?: unknown; policies?: unknown };
  const faults = repeatedNames(services, ['services'], (entry) => entry, lineOf);
  if (typeof policies !== 'object' || policies === null) return faults;
  for (const [policyName, body] of Object.entries(policies)) {
    const path = ['policies', policyName];
    const invalid = name.safeParse(policyName).error?.issues[0];
    if (invalid) faults.push(fault(path, invalid.message, lineOf));
    const limits = (body as { limits?: unknown } | null)?.limits;
    faults.push(
      ...repeatedNames(limits, [...path, 'limits'], (entry) => (entry as { name?: unknown })?.name, lineOf),
    );
  }
  return faults;
}

function repeatedNames(
  list: unknown,
  path: readonly PropertyKey[],
  nameOf: (entry: unknown) => unknown,
  lineOf: LineOf,
): PoliciesFault[] {
  if (!Array.isArray(list)) return [];
  const names = list.map(nameOf);
  return names.flatMap((entry, index) =>
    typeof entry === 'string' && names.indexOf(entry) < index
      ? [fault([...path, index], `repeats the name ${JSON.stringify(entry)}`, lineOf)]
      : [],
  );
}

function fault(path: readonly PropertyKey[], message: string, lineOf: LineOf): PoliciesFault {
  const place = path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, '');
  return { line: lineOf(path), message: place === '' ? message : `${place}: ${message}` };
}
