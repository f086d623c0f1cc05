import { appendFileSync } from 'node:fs';
import { join } from 'node:path';

/** A file of lines beside the daemons' records, for `npm run audit`. */
export interface Notebook {
  write(kind: 'fact' | 'client', fields: object): void;
}

const US_PER_MS = 1000;

/** This machine's clock, in microseconds, as the daemons read it. */
export function wallUs(): number {
  return Math.floor((performance.timeOrigin + performance.now()) * US_PER_MS);
}

export function openNotebook(folder: string, name: string): Notebook {
  let seq = 0;
  return {
    write(kind, fields) {
      const line = { seq, daemon: name, kind, atUs: wallUs(), ...fields };
      appendFileSync(join(folder, `${name}.jsonl`), `${JSON.stringify(line)}\n`);
      seq += 1;
    },
  };
}
