import { createHash } from 'node:crypto';
import type { DescriptorEntry } from './descriptor';

/** How the subject is made of the values of a descriptor. */
export interface SubjectTemplate {
  /** As the policies file writes it. Example: `{tenant}/{user}`. */
  readonly text: string;
  /** The text before each value, and the position of the value's entry. */
  readonly values: readonly { readonly before: string; readonly at: number }[];
  /** The text after the last value. */
  readonly end: string;
}

/** A subject holds 128 characters; this leaves room for a hash of 71. */
const MAX_FIXED_CHARACTERS = 57;
const MAX_SUBJECT_CHARACTERS = 128;

const PLACEHOLDER = /\{([^{}]*)\}/g;

/** Characters that are never part of a value once it is encoded (RFC 3986, 2.3, and the five that ECMAScript leaves). */
const SEPARATOR = /[^A-Za-z0-9\-_.!~*'()%]/;

/** Reads a template; `keys` are those of the rule's entries. Returns the faults if it cannot be used. */
export function parseSubjectTemplate(
  text: string,
  keys: readonly string[],
): { template: SubjectTemplate } | { faults: readonly string[] } {
  const placeholders = [...text.matchAll(PLACEHOLDER)];
  let from = 0;
  const values = placeholders.map((placeholder) => {
    const before = text.slice(from, placeholder.index);
    from = placeholder.index + placeholder[0].length;
    return { before, at: keys.indexOf(placeholder[1] ?? '') };
  });
  const template = { text, values, end: text.slice(from) };
  const named = placeholders.map(([, key = '']) => key);
  const faults = [...keyFaults(named, keys), ...textFaults(template)];
  return faults.length > 0 ? { faults } : { template };
}

function keyFaults(named: readonly string[], keys: readonly string[]): string[] {
  return [...new Set(named)].flatMap((key) => {
    const count = keys.filter((each) => each === key).length;
    if (count === 1) return [];
    const what = count === 0 ? 'is not the key of an entry' : 'is the key of several entries';
    return [`{${key}} ${what}`];
  });
}

function textFaults({ text, values, end }: SubjectTemplate): string[] {
  const fixed = values.map(({ before }) => before).join('') + end;
  const faults: string[] = [];
  if (text === '') faults.push('must not be empty');
  if (/[{}]/.test(fixed)) faults.push('has a brace that belongs to no {key}');
  if (/\p{Cc}/u.test(fixed)) faults.push('must hold no control characters');
  if ([...fixed].length > MAX_FIXED_CHARACTERS)
    faults.push(`must hold ${MAX_FIXED_CHARACTERS} characters at most outside of its {keys}`);
  if (values.slice(1).some(({ before }) => !SEPARATOR.test(before)))
    faults.push(
      'must have a separator such as / between two {keys}, or two pairs of values could be one subject',
    );
  return faults;
}

/**
 * The subject of a descriptor. A single value stays as it is; of several, each is percent-encoded, so that no two lists of
 * values make the same subject. What cannot be a subject (empty, too long, control characters) is replaced by its hash
 * after the template's first text: an error would let a client pass wherever the gateway passes what it cannot check.
 */
export function subjectOf({ values, end }: SubjectTemplate, entries: readonly DescriptorEntry[]): string {
  const encode = values.length > 1 ? encodeURIComponent : (value: string) => value;
  const filled = values.map(({ before, at }) => before + encode(entries[at]?.value ?? ''));
  const subject = filled.join('') + end;
  if (isSubject(subject)) return subject;
  const hash = createHash('sha256').update(subject).digest('hex');
  return `${values[0]?.before ?? ''}sha256:${hash}`;
}

const PLAIN = /^[\x20-\x7e]{1,128}$/;

function isSubject(text: string): boolean {
  if (PLAIN.test(text)) return true;
  const characters = [...text].length;
  return (
    characters >= 1 &&
    characters <= MAX_SUBJECT_CHARACTERS &&
    !text.includes('\uFFFD') &&
    !/\p{Cc}/u.test(text)
  );
}
