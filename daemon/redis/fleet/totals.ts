import { type DecisionEvent, matches } from '../../quota/decision_feed';
import type { Missed, Watchers } from '../../quota/feed_messages';

/** How many decisions one process has made so far for each watcher elsewhere, sent or lost. */
export type Totals = readonly (readonly [id: string, total: number])[];

/** Counts what a process would have sent to each watcher. */
export function createSentTotals() {
  const totals = new Map<string, number>();
  const add = (id: string, count: number) => totals.set(id, (totals.get(id) ?? 0) + count);
  return {
    setWatchers(watchers: Watchers): void {
      const ids = new Set(watchers.map(([id]) => id));
      for (const id of totals.keys()) if (!ids.has(id)) totals.delete(id);
    },
    count(event: DecisionEvent, watchers: Watchers): void {
      for (const [id, filter] of watchers) if (matches(filter, event)) add(id, 1);
    },
    /** Counts what was lost before it was sent. */
    lose(missed: Missed): void {
      for (const [id, count] of missed) add(id, count);
    },
    current: (): Totals => [...totals],
  };
}

/**
 * Finds out how much was lost on the way: what a process reports as sent to a watcher, less what has arrived. Per
 * process, as each counts separately.
 */
export function createReceivedTotals() {
  const seen = new Map<string, number>();
  return {
    missed({
      from,
      totals,
      events,
      here,
    }: {
      from: string;
      totals: Totals;
      events: readonly DecisionEvent[];
      here: Watchers;
    }): Missed {
      return totals.flatMap(([id, total]) => {
        const filter = here.find(([known]) => known === id)?.[1];
        if (filter === undefined) return [];
        const received = events.filter((event) => matches(filter, event)).length;
        const place = `${from} ${id}`;
        const lost = total - (seen.get(place) ?? 0) - received;
        seen.set(place, total);
        return lost > 0 ? [[id, lost] as const] : [];
      });
    },
    /** Called when nobody watches any more. */
    forget: () => seen.clear(),
  };
}
