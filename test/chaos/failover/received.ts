import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Opened } from '../../helpers/opened';
import type { Store } from './stores';

/** So often, a master is asked how much it has written. */
const EVERY_MS = 5;

/** Which of a master's writes its successor has received. */
export interface ReceivedWrites {
  /**
   * The last moment, by performance.now(), up to which the master that took over has received all that was written; once it
   * has taken over.
   */
  untilMs(): Promise<number>;
}

/** How much of the history of a master a server has: its own, or that of the master whose place it has taken. */
interface History {
  readonly id: string;
  readonly offset: number;
}

/** Follows the offset of a store's master until it is killed, or the test ends. */
export async function watchWrites(opened: Opened, store: Store): Promise<ReceivedWrites> {
  const { host, port } = store.master;
  const once = { retryStrategy: () => null, maxRetriesPerRequest: 0 };
  const redis = opened.closed(new Redis({ host, port, password: store.password, ...once }), (each) =>
    each.disconnect(),
  );
  redis.on('error', () => undefined);
  const samples: (History & { atMs: number })[] = [];

  async function sample(): Promise<void> {
    // What was written before the question is in the answer.
    const atMs = performance.now();
    const info = await redis.info('replication');
    samples.push({ atMs, ...historyOf(info, { id: 'master_replid', offset: 'master_repl_offset' }) });
  }

  async function follow(): Promise<void> {
    while (true) {
      await sample();
      await pause(EVERY_MS);
    }
  }

  await sample();
  // Ends with the connection.
  follow().catch(() => undefined);
  return {
    async untilMs() {
      const info = await store.askSuccessor((successor) => successor.info('replication'));
      // It kept its master's history up to there, and has begun its own.
      const kept = historyOf(info, { id: 'master_replid2', offset: 'second_repl_offset' });
      const received = samples.filter(({ id, offset }) => id === kept.id && offset < kept.offset);
      const last = received.at(-1);
      if (last === undefined) throw new Error('the server that took over has received nothing of its master');
      return last.atMs;
    },
  };
}

function historyOf(info: string, names: Record<keyof History, string>): History {
  const fieldOf = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1] ?? '';
  return { id: fieldOf(names.id), offset: Number(fieldOf(names.offset)) };
}
