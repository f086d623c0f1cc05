import type { Subjects } from './subjects';

/** What one turn of a daemon's event loop takes of its processor, in microseconds: so much, and more for each call in it. */
export interface TurnCost {
  readonly fixedUs: number;
  readonly callUs: number;
}

/** What the simulated daemons do, each as it happens. */
export interface DaemonEvents {
  /** Answered without the store. */
  deniedByCache(subject: number): void;
  decided(subject: number, isAdmitted: boolean): void;
  /** So many admissions of one partition have gone to the store in one call. */
  called(partition: number, admissions: number): void;
}

export interface DaemonOptions {
  readonly subjects: Subjects;
  readonly partitionOf: (subject: number) => number;
  readonly turn: TurnCost;
  readonly hasDenialCache: boolean;
  readonly events: DaemonEvents;
}

/** Times are in microseconds of the simulation, and never go back. */
export interface SimulatedDaemon {
  /** Calls have arrived at once. */
  arrive(subjects: readonly number[], nowUs: number): void;
  /** Handles what still waits. */
  finish(): void;
}

/** As in daemon/quota/denial_cache.ts. */
const CACHED_US = 250_000;

/** As in daemon/redis/lanes.ts. */
const MOST_JOINED = 128;

/**
 * A daemon joins the calls of one turn of its event loop by partition, and remembers denials. A turn begins as soon as
 * there is a call and the turn before has ended, and handles all that has arrived by then.
 */
export function createSimulatedDaemon(options: DaemonOptions): SimulatedDaemon {
  const { subjects, partitionOf, turn, hasDenialCache, events } = options;
  // Until when each subject is denied without the store.
  const deniedUntilUs = new Map<number, number>();
  let waiting: number[] = [];
  let freeUs = 0;

  function runTurn(calls: readonly number[], startUs: number): void {
    freeUs = startUs + turn.fixedUs + turn.callUs * calls.length;
    const joined = new Map<number, number[]>();
    const asked = new Set<number>();
    for (const subject of calls) {
      const untilUs = hasDenialCache ? deniedUntilUs.get(subject) : undefined;
      // Of a denial that has ended one call asks again, and the others wait for it.
      if (untilUs !== undefined && (startUs < untilUs || asked.has(subject))) {
        events.deniedByCache(subject);
        continue;
      }
      asked.add(subject);
      const partition = partitionOf(subject);
      const entries = joined.get(partition);
      if (entries) entries.push(subject);
      else joined.set(partition, [subject]);
    }
    for (const [partition, entries] of joined) send(partition, entries, startUs);
  }

  function send(partition: number, entries: readonly number[], nowUs: number): void {
    for (let first = 0; first < entries.length; first += MOST_JOINED)
      events.called(partition, Math.min(MOST_JOINED, entries.length - first));
    for (const subject of entries) {
      const nextUs = subjects.take(subject, nowUs);
      events.decided(subject, nextUs === 0);
      if (nextUs === 0) deniedUntilUs.delete(subject);
      else deniedUntilUs.set(subject, Math.min(nowUs + CACHED_US, nextUs));
    }
  }

  function runWaiting(): void {
    const calls = waiting;
    waiting = [];
    if (calls.length > 0) runTurn(calls, freeUs);
  }

  return {
    arrive(subjects, nowUs) {
      if (nowUs >= freeUs) runWaiting();
      if (nowUs >= freeUs) runTurn(subjects, nowUs);
      else waiting.push(...subjects);
    },
    finish: runWaiting,
  };
}
