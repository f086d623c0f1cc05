import type { z } from 'zod';
import { type LineFault, readYaml, type YamlSource } from './yaml_source';

/** Enough of a wrong value to find it by. */
const MAX_SHOWN_CHARACTERS = 60;

/** Words for a value of the wrong kind: what it must be, and what it is. */
export function must(description: string) {
  const error = ({ input }: { input?: unknown }) =>
    input === undefined ? 'is required' : `must be ${description}; it is ${show(input)}`;
  return { error };
}

function show(input: unknown): string {
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'object' && input !== null) return 'a map';
  return typeof input === 'string' ? JSON.stringify(input.slice(0, MAX_SHOWN_CHARACTERS)) : String(input);
}

/** One fault of a value, at its place in the file. */
export interface PathFault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/**
 * Validates a whole YAML file: its syntax, its schema, and faults between values, all reported together in line order.
 * Without a fault, the value as the schema makes it.
 */
export function parseYamlFile<Schema extends z.ZodType>({
  text,
  schema,
  crossFaults,
}: {
  text: string;
  schema: Schema;
  /** Checked apart from the schema, which would check them only once all else is valid. */
  crossFaults: (raw: unknown) => PathFault[];
}): { data: z.output<Schema> } | { faults: LineFault[] } {
  const { value, faults: syntax, lineOf } = readYaml(text);
  if (value === undefined) return { faults: [...syntax] };
  const parsed = schema.safeParse(value);
  const found = [...(parsed.error?.issues ?? []).flatMap(issueFaults), ...crossFaults(value)];
  const faults = [...syntax, ...found.map(({ path, message }) => toLineFault({ path, message, lineOf }))];
  if (parsed.success && faults.length === 0) return { data: parsed.data };
  return { faults: faults.sort((a, b) => a.line - b.line) };
}

function issueFaults(issue: z.core.$ZodIssue): PathFault[] {
  if (issue.code !== 'unrecognized_keys') return [issue];
  return issue.keys.map((key) => ({ path: [...issue.path, key], message: 'is not a known key' }));
}

/** What stands under the key; undefined if there is no map, or no such key in it. */
export function entryOf(holder: unknown, key: string): unknown {
  return asMap(holder)[key];
}

/** The value as a map; an empty map if it is not one. */
export function asMap(raw: unknown): Record<string, unknown> {
  const isMap = typeof raw === 'object' && raw !== null && !Array.isArray(raw);
  return isMap ? (raw as Record<string, unknown>) : {};
}

/** A fault for each entry whose name stands above it already. */
export function repeatedNames(
  list: unknown,
  path: readonly PropertyKey[],
  nameOf: (entry: unknown) => unknown,
): PathFault[] {
  if (!Array.isArray(list)) return [];
  const names = list.map(nameOf);
  return names.flatMap((entry, index) =>
    typeof entry === 'string' && names.indexOf(entry) < index
      ? [{ path: [...path, index], message: `repeats the name ${JSON.stringify(entry)}` }]
      : [],
  );
}

function toLineFault({ path, message, lineOf }: PathFault & { lineOf: YamlSource['lineOf'] }): LineFault {
  const place = path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, '');
  return { line: lineOf(path), message: place === '' ? message : `${place}: ${message}` };
}
