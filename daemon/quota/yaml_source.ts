import { type Document, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';

/** One fault of a file, at a line counted from 1. */
export interface LineFault {
  readonly line: number;
  readonly message: string;
}

/** A YAML file as plain values, with the lines that they came from. */
export interface YamlSource {
  /** Undefined if the file could not be read at all. */
  readonly value: unknown;
  /** Everything that is not valid YAML, or is misleading. */
  readonly faults: readonly LineFault[];
  /** The line of the value at the path or, if it is missing, of its nearest parent. */
  lineOf(path: readonly PropertyKey[]): number;
}

/** The library's message names its own functions; an operator has a file. */
const PLAIN_WORDS = new Map([
  ['MULTIPLE_DOCS', 'a second document starts here, and a file holds one only'],
  ['DUPLICATE_KEY', 'repeats a key that stands above'],
]);

/** Reads a YAML file. Never throws: faults are in `faults`. */
export function readYaml(text: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const lineAt = (offset: number) => lines.linePos(offset).line;
  // A tag that is not known would leave another value than the file says.
  const faults = [...document.errors, ...document.warnings].map(({ pos, code, message }) => ({
    line: lineAt(pos[0]),
    message: PLAIN_WORDS.get(code) ?? message,
  }));
  const { value, refusal } = plainValue(document);
  if (refusal !== undefined) faults.push({ line: 1, message: refusal });
  return { value, faults, lineOf: (path) => nearestLine(document.contents, path, lineAt) };
}

/** Aliases are resolved only now: one that names nothing, or that multiplies without end, is refused here. */
function plainValue(document: Document): { value?: unknown; refusal?: string } {
  try {
    return { value: document.toJS() };
  } catch (error) {
    return { refusal: error instanceof Error ? error.message : String(error) };
  }
}

function nearestLine(
  contents: unknown,
  path: readonly PropertyKey[],
  lineAt: (offset: number) => number,
): number {
  let line = isNode(contents) && contents.range ? lineAt(contents.range[0]) : 1;
  let holder = contents;
  for (const key of path) {
    const { place, value } = entryAt(holder, key);
    if (!isNode(place) || !place.range) return line;
    line = lineAt(place.range[0]);
    holder = value;
  }
  return line;
}

/** The line of a map's entry is its key's: its value may start lines below. Of repeated keys the last one counts. */
function entryAt(holder: unknown, key: PropertyKey): { place?: unknown; value?: unknown } {
  if (isSeq(holder)) return { place: holder.items[Number(key)], value: holder.items[Number(key)] };
  if (!isMap(holder)) return {};
  const pair = holder.items.findLast((item) => isScalar(item.key) && String(item.key.value) === String(key));
  return { place: pair?.key, value: pair?.value };
}
