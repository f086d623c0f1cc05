/** What differs from run to run, and stands for its kind. */
const VARYING: readonly (readonly [RegExp, string])[] = [
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>'],
  // In logs that people read, in logs that programs read, and as openssl has it.
  [/\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\b/g, '<time>'],
  [/"time":1\d{12}\b/g, '"time":"<time>"'],
  [/\b[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4} GMT\b/g, '<time>'],
  // What a backup holds: keys come and go by themselves, and a migration adds rows.
  [/\b(apart_seconds|redis_keys|mysql_tables|mysql_rows): \d+\b/g, '$1: <number>'],
  [/\b\d+ (keys|tables|rows|have expired)\b/g, '<number> $1'],
  // As docker has it.
  [/\b(?:About an?|Less than a|\d+) (?:second|minute)s?\b/g, '<while>'],
  [/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '<uuid>'],
  [/\b\d+\.\d+s\b/g, '<duration>'],
  [/\b(?:127\.0\.0\.1|localhost):\d+\b/g, '<address>'],
  [/\bquota_[\w-]{43}(?![\w-])/g, '<token>'],
  // A SHA-256, and the hash of a subject.
  [/\b(?:[0-9a-f]{64}|[0-9a-f]{16})\b/g, '<digest>'],
  // An entry of a stream.
  [/\b1\d{12}-\d+\b/g, '<entry>'],
  // Redis's own clock, in microseconds since 1970.
  [/\b1\d{15}\b/g, '<microseconds>'],
  // A request id, as redis-cli shows its bytes.
  [/"(?=(?:[^"\\]|\\.)*\\x)(?:[^"\\]|\\.)*"/g, '<bytes>'],
];

/** As a line of a document it stands for any number of lines, within a line for anything. */
const ANYTHING = '…';

/** Whether a command printed what the document shows, apart from what differs from run to run. */
export function agrees(shown: string, printed: string): boolean {
  const [one, other] = [asJson(shown), asJson(printed)];
  if (one !== undefined && other !== undefined) return normalised(one) === normalised(other);
  const pattern = lines(shown).map((line) => (line.trim() === ANYTHING ? '(?:.*\n)*' : `${escaped(line)}\n`));
  return new RegExp(`^${pattern.join('')}$`).test(`${lines(printed).join('\n')}\n`);
}

function lines(text: string): string[] {
  return (
    normalised(text)
      .trimEnd()
      .split('\n')
      // The columns of a table are as wide as what is in them.
      .map((line) => line.trimEnd().replaceAll(/(?<=\S) {2,}/g, '  '))
  );
}

function normalised(text: string): string {
  return VARYING.reduce((result, [pattern, kind]) => result.replaceAll(pattern, kind), text);
}

/** One JSON document with its members sorted, however it is laid out; undefined if the text is something else. */
function asJson(text: string): string | undefined {
  try {
    return JSON.stringify(sorted(JSON.parse(text)));
  } catch {
    return undefined;
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  );
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll(ANYTHING, '.*');
}
