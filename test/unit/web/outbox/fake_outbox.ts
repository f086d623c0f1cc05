import type { Queue, Waiting } from '../../../../web/outbox/queue';
import type { ServiceCall } from '../../../../web/quota/client';

/** An outbox in memory, by the clock of `Date`. `fails` makes every question fail, as an unreachable database does. */
export type FakeOutbox = Queue<ServiceCall> & {
  rows: (Waiting<ServiceCall> & { dueMs: number })[];
  fails: boolean;
};

export const LEASE_MS = 5_000;

export function fakeOutbox(...services: string[]): FakeOutbox {
  const rows = services.map((service, i) => ({
    id: i + 1,
    refusals: 0,
    dueMs: Date.now(),
    call: { subject: '42', service, requestId: `request-${i + 1}`, callTime: new Date(0) },
  }));
  const outbox: FakeOutbox = {
    rows,
    fails: false,
    async claim(limit) {
      if (outbox.fails) throw new Error('the database is away');
      const due = outbox.rows.filter(({ dueMs }) => dueMs <= Date.now());
      const claimed = due.toSorted((a, b) => a.dueMs - b.dueMs || a.id - b.id).slice(0, limit);
      for (const row of claimed) row.dueMs = Date.now() + LEASE_MS;
      return claimed.map((row) => ({ ...row }));
    },
    async remove(id) {
      outbox.rows = outbox.rows.filter((row) => row.id !== id);
    },
    async release(ids) {
      for (const row of outbox.rows) if (ids.includes(row.id)) row.dueMs = Date.now();
    },
    async postpone({ id, delayMs }) {
      for (const row of outbox.rows) {
        if (row.id !== id) continue;
        row.refusals += 1;
        row.dueMs = Date.now() + delayMs;
      }
    },
    async backlog() {
      const oldest = Math.min(...outbox.rows.map(({ call }) => call.callTime.getTime()), Date.now());
      return { waiting: outbox.rows.length, oldestAgeMs: Date.now() - oldest };
    },
  };
  return outbox;
}
