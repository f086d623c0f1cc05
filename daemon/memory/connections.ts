import type { Logins } from '../quota/merge';
import { MAX_LIST_COUNT, type UsageQuery } from '../quota/usage';

interface Connection {
  readonly subject: string;
  readonly atUs: number;
}

/** The log of connections: the statistics are counted from it when they are read. */
export interface Connections {
  add(connection: Connection): void;
  /** Takes off one that was refunded; its user is then listed by the one before. */
  remove(connection: Connection): void;
  read(query: UsageQuery, nowUs: number): Logins;
  erase(subject: string): void;
}

/** Connections that are kept. */
const MOST_CONNECTIONS = 1_000_000;

const US_PER_MS = 1000;

export function createConnections(mostConnections = MOST_CONNECTIONS): Connections {
  let log: Connection[] = [];
  let droppedUs = 0;
  /** Each subject's last connection, the latest last. */
  const lastUs = new Map<string, number>();

  /** Half at once, so that it need not be done often. */
  function drop(): void {
    const from = Math.floor(log.length / 2);
    droppedUs = log[from - 1]?.atUs ?? droppedUs;
    log = log.slice(from);
  }

  /** Lists a user by the last connection that the log still has, in its place. */
  function relist(subject: string): void {
    const last = log.findLast((each) => each.subject === subject);
    lastUs.delete(subject);
    if (last === undefined) return;
    const sorted = [...lastUs, [subject, last.atUs] as const].sort(([, a], [, b]) => a - b);
    lastUs.clear();
    for (const [each, atUs] of sorted) lastUs.set(each, atUs);
  }

  function remember({ subject, atUs }: Connection): void {
    lastUs.delete(subject);
    lastUs.set(subject, atUs);
    const [oldest] = lastUs.keys();
    if (lastUs.size > MAX_LIST_COUNT && oldest !== undefined) lastUs.delete(oldest);
  }

  return {
    add(connection) {
      log.push(connection);
      if (log.length > mostConnections) drop();
      remember(connection);
    },

    remove({ subject, atUs }) {
      const at = log.findLastIndex((each) => each.subject === subject && each.atUs === atUs);
      if (at < 0) return;
      log.splice(at, 1);
      if (lastUs.get(subject) === atUs) relist(subject);
    },

    erase(subject) {
      log = log.filter((connection) => connection.subject !== subject);
      lastUs.delete(subject);
    },

    read({ topWindowMs, subject }, nowUs) {
      const sinceUs = nowUs - topWindowMs * US_PER_MS;
      const counts = new Map<string, number>();
      for (let at = log.length - 1; at >= 0; at -= 1) {
        const connection = log[at];
        if (connection === undefined || connection.atUs <= sinceUs) break;
        counts.set(connection.subject, (counts.get(connection.subject) ?? 0) + 1);
      }
      return {
        nowMs: Math.floor(nowUs / US_PER_MS),
        recent: [...lastUs].map(([each, atUs]) => ({ subject: each, connectTimeMs: atUs / US_PER_MS })),
        top: [...counts].map(([each, count]) => ({ subject: each, count })),
        subjectCount: subject === undefined ? 0 : (counts.get(subject) ?? 0),
        completeSinceMs: Math.ceil(Math.max(sinceUs, droppedUs) / US_PER_MS),
      };
    },
  };
}
