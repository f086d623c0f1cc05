type Fields = Record<string, unknown>;

/** The lines of one process's record, as a test makes them up. */
export interface MadeRecord {
  readonly name: string;
  readonly lines: Fields[];
  /** Adds a line, and returns its number. */
  add(kind: string, atUs: number, fields: Fields): number;
  /** Adds what was sent, and its answer a millisecond later, if there is one. */
  asked(atUs: number, sent: Fields, answer?: Fields): void;
}

/** How long an answer takes in a record that is made up. */
export const ANSWER_US = 1_000;

export function makeRecord(daemon: string): MadeRecord {
  const lines: Fields[] = [];
  function add(kind: string, atUs: number, fields: Fields): number {
    return lines.push({ seq: lines.length, daemon, kind, atUs, ...fields }) - 1;
  }
  return {
    name: `daemon-${daemon}.jsonl`,
    lines,
    add,
    asked(atUs, sent, answer) {
      const of = add('sent', atUs, sent);
      if (answer !== undefined) add('answered', atUs + ANSWER_US, { of, ...answer });
    },
  };
}

export function textOf(lines: readonly Fields[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}
