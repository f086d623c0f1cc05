import type { KnownStanding } from '../memory/seed';
import type { Decision, LimitStatus } from '../quota/admission';
import { createSubjectRows } from './subject_rows';

/** The last standings of the subjects of one policy: of the latest ones at least, of twice as many at most. */
export interface Standings {
  note(subject: string, decision: Decision): void;
  find(subject: string): KnownStanding | undefined;
  /** Forgets a subject, up to a moment. */
  forget(subject: string, untilUs: number): void;
  clear(): void;
}

/** What stands for each limit: size, remaining, window, delays, flags. */
const NUMBERS_PER_LIMIT = 6;

const IS_SHADOW = 1;
const IS_SHADOW_DENIED = 2;
const IS_OVERRIDDEN = 4;
/** Times the end of the override in milliseconds, in the same number: few have one, and a number of its own would be kept for all. */
const OVERRIDE_END_UNIT = 8;

const FIRST_ROWS = 64;

/**
 * Keeps standings as numbers side by side: a hundred thousand of them as objects cost the garbage collector more than a
 * decision costs otherwise. Once so many are noted they become the former ones, and those before them are forgotten.
 */
export function createStandings(leastKept: number): Standings {
  let latest = createTable(leastKept);
  let former = createTable(leastKept);

  return {
    note(subject, decision) {
      if (latest.note(subject, decision)) return;
      [latest, former] = [former, latest];
      latest.clear();
      latest.note(subject, decision);
    },
    find: (subject) => latest.find(subject) ?? former.find(subject),
    forget(subject, untilUs) {
      for (const table of [latest, former]) table.forget(subject, untilUs);
    },
    clear() {
      for (const table of [latest, former]) table.clear();
    },
  };
}

/** Standings of a bounded number of subjects. */
interface Table {
  /** False if the memory of subjects is full. */
  note(subject: string, decision: Decision): boolean;
  find(subject: string): KnownStanding | undefined;
  forget(subject: string, untilUs: number): void;
  clear(): void;
}

function createTable(mostSubjects: number): Table {
  const rows = createSubjectRows(mostSubjects);
  /** The limits of the policy as it last was. */
  let names: readonly string[] = [];
  /** Each row: its time, then each limit. */
  let numbers = new Float64Array(0);
  let usedRows = 0;

  const rowLength = () => 1 + names.length * NUMBERS_PER_LIMIT;
  const placeOf = (row: number, at: number) => row * rowLength() + 1 + at * NUMBERS_PER_LIMIT;

  function makeRoom(length: number): void {
    if (length <= numbers.length) return;
    const larger = new Float64Array(Math.max(length, numbers.length * 2, FIRST_ROWS * rowLength()));
    larger.set(numbers);
    numbers = larger;
  }

  /** The policy has other limits than before: each row keeps what it has of those that are left. */
  function arrange(limits: readonly LimitStatus[]): void {
    const kept = Array.from({ length: usedRows }, (_, row) => standingAt(row));
    names = limits.map(({ name }) => name);
    numbers = new Float64Array(usedRows * rowLength()).fill(Number.NaN);
    for (const [row, { limits: statuses, atUs }] of kept.entries()) {
      numbers[row * rowLength()] = atUs;
      for (const status of statuses) {
        const at = names.indexOf(status.name);
        if (at >= 0) write(numbers, placeOf(row, at), status);
      }
    }
  }

  function standingAt(row: number): KnownStanding {
    const limits = names.flatMap((name, at) => readStatus(numbers, placeOf(row, at), name));
    return { limits, atUs: numbers[row * rowLength()] ?? Number.NaN };
  }

  return {
    note(subject, { limits, decidedUs }) {
      if (!areNamed(limits, names)) arrange(limits);
      const row = rows.add(subject);
      if (row === undefined) return false;
      usedRows = Math.max(usedRows, row + 1);
      makeRoom(usedRows * rowLength());
      numbers[row * rowLength()] = decidedUs;
      for (let at = 0; at < limits.length; at += 1)
        write(numbers, placeOf(row, at), limits[at] as LimitStatus);
      return true;
    },

    find(subject) {
      const row = rows.find(subject);
      const standing = row === undefined ? undefined : standingAt(row);
      return Number.isNaN(standing?.atUs) ? undefined : standing;
    },

    forget(subject, untilUs) {
      const row = rows.find(subject);
      if (row === undefined || (numbers[row * rowLength()] ?? 0) > untilUs) return;
      // The row stays the subject's, and holds nothing.
      numbers.fill(Number.NaN, row * rowLength(), (row + 1) * rowLength());
    },

    clear() {
      rows.clear();
      usedRows = 0;
    },
  };
}

function areNamed(limits: readonly LimitStatus[], names: readonly string[]): boolean {
  if (limits.length !== names.length) return false;
  for (let at = 0; at < limits.length; at += 1) if (limits[at]?.name !== names[at]) return false;
  return true;
}

function write(numbers: Float64Array, first: number, status: LimitStatus): void {
  numbers[first] = status.limit;
  numbers[first + 1] = status.remaining;
  numbers[first + 2] = status.windowUs;
  numbers[first + 3] = status.resetDelayUs;
  numbers[first + 4] = status.nextDelayUs;
  numbers[first + 5] =
    (status.shadow ? IS_SHADOW : 0) +
    (status.shadowDenied ? IS_SHADOW_DENIED : 0) +
    (status.overridden ? IS_OVERRIDDEN : 0) +
    OVERRIDE_END_UNIT * (status.overrideEndMs ?? 0);
}

/** None if the policy did not have the limit then. */
function readStatus(numbers: Float64Array, first: number, name: string): LimitStatus[] {
  const [limit = Number.NaN, remaining = 0, windowUs = 0, resetDelayUs = 0, nextDelayUs = 0, flags = 0] =
    numbers.subarray(first, first + NUMBERS_PER_LIMIT);
  if (Number.isNaN(limit)) return [];
  return [
    {
      ...{ name, limit, remaining, windowUs, resetDelayUs, nextDelayUs },
      shadow: (flags & IS_SHADOW) !== 0,
      shadowDenied: (flags & IS_SHADOW_DENIED) !== 0,
      overridden: (flags & IS_OVERRIDDEN) !== 0,
      overrideEndMs: flags < OVERRIDE_END_UNIT ? undefined : Math.floor(flags / OVERRIDE_END_UNIT),
    },
  ];
}
