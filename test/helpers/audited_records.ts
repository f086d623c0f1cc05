import { audit } from '../../scripts/audit/audit';
import { parseRecord } from '../../scripts/audit/read_record';
import { recordOf, START_US } from './honest_record';
import { type MadeRecord, makeRecord, textOf } from './record_lines';

export type Line = Record<string, unknown>;

/** A second, in microseconds. */
export const S = 1_000_000;

type Settings = Parameters<typeof audit>[1];

const SETTINGS: Settings = { toleranceUs: 1_000, lagUs: S };

export function auditOf(records: readonly MadeRecord[], more: Partial<Settings> = {}) {
  const files = records.map(({ name, lines }) => ({ name, text: textOf(lines) }));
  return audit(parseRecord(files), { ...SETTINGS, ...more });
}

/** The checks that failed. */
export function failedChecks(records: readonly MadeRecord[]): string[] {
  return auditOf(records).findings.flatMap(({ check, violations }) => (violations.length > 0 ? [check] : []));
}

/** The first line with these fields. */
export function lineOf({ lines }: MadeRecord, fields: Line): Line {
  const found = lines.find((line) => Object.entries(fields).every(([name, value]) => line[name] === value));
  if (found === undefined) throw new Error('there is no such line');
  return found;
}

/** A daemon with one limit of 2 in 10 seconds. */
export function limitedDaemon() {
  const daemon = recordOf('1');
  const connection = { policy: 'connection', subject: 'ada' } as const;
  return {
    record: daemon.record,
    admit({
      admitted = true,
      ...asked
    }: {
      second: number;
      id: string;
      shiftUs?: number;
      admitted?: boolean;
    }) {
      daemon.admit({ ...connection, ...asked, answer: admitted ? 'admitted' : 'denied' });
    },
  };
}

/** A record with one fact, so many seconds after the beginning. */
export function factOf(fact: Line, second: number): MadeRecord {
  const record = makeRecord('faults');
  record.add('fact', START_US + second * S, fact);
  return record;
}
