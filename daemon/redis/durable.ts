import type { Redis } from 'ioredis';
import { StoreUnavailable } from '../quota/errors';

/**
 * How long to wait for the disk. With `appendfsync everysec` a healthy one takes up to a second, with `always` a few
 * milliseconds.
 */
export const DISK_TIMEOUT_MS = 2_000;

/** The mark outlives a wait, and nothing else. */
const MARK_LIFETIME_MS = 60_000;

/** Runs writes on a connection of its own, and says when they are on Redis's disk. */
export interface Durable {
  readonly redis: Redis;
  /**
   * Runs a write of this connection, together with others: see `createDurable`. `onDisk` resolves once Redis has it on
   * disk. It rejects with `StoreUnavailable` if that is not known in time: the write may be there or not, also later.
   */
  run<Result>(write: () => Promise<Result>): { result: Promise<Awaited<Result>>; onDisk: Promise<void> };
}

interface Group {
  readonly writes: (() => Promise<unknown>)[];
  readonly onDisk: Promise<void>;
  readonly settle: (outcome: Promise<void>) => void;
}

export interface DurableOptions {
  /** A connection of its own: WAITAOF covers its own writes alone, and holds up all that comes behind it. */
  readonly redis: Redis;
  /** Goes before the key of the mark. */
  readonly prefix: string;
  readonly timeoutMs?: number;
}

/**
 * Commits writes in groups (group commit: D. DeWitt et al., 1984): those that come while a wait goes on are sent together
 * once it has ended, and share the next one, so that the price of the disk is paid once for all of them.
 *
 * A mark is written behind each group: a repeat writes nothing, and WAITAOF would then return at once, although what is
 * repeated may not be on disk yet. The file is written in order, so the mark is not on disk before it.
 */
export function createDurable({ redis, prefix, timeoutMs = DISK_TIMEOUT_MS }: DurableOptions): Durable {
  const mark = `${prefix}probe:{0}:durable`;
  let next: Group | undefined;
  let isWaiting = false;

  /** Resolves once everything that this connection has written so far is on disk. */
  async function waitForDisk(): Promise<void> {
    const marked = redis.set(mark, 1, 'PX', MARK_LIFETIME_MS);
    const waited = redis.call('WAITAOF', 1, 0, timeoutMs);
    const [, reply] = await Promise.all([marked, waited]).catch((error: unknown) => {
      throw new StoreUnavailable({ cause: error });
    });
    const [localCount] = reply as [number, number];
    if (localCount < 1)
      throw new StoreUnavailable({ cause: new Error(`not known to be on disk within ${timeoutMs} ms`) });
  }

  async function commit(writes: readonly Promise<unknown>[]): Promise<void> {
    let left = writes.length;
    const settled = writes.map((write) =>
      write.then(
        () => {
          left -= 1;
        },
        () => {
          left -= 1;
        },
      ),
    );
    // Sent in the same turn, so that one round trip carries both.
    await waitForDisk();
    if (left === 0) return;
    // One was sent again, behind the wait: Redis did not know the function yet.
    await Promise.all(settled);
    await waitForDisk();
  }

  function send(group: Group): void {
    isWaiting = true;
    const outcome = commit(group.writes.map((write) => write()));
    group.settle(outcome);
    const sendNext = () => {
      isWaiting = false;
      const waiting = next;
      next = undefined;
      if (waiting !== undefined) send(waiting);
    };
    outcome.then(sendNext, sendNext);
  }

  function newGroup(): Group {
    let settle: Group['settle'] = () => undefined;
    const onDisk = new Promise<void>((resolve) => {
      settle = resolve;
    });
    // Whoever was denied does not wait for it.
    onDisk.catch(() => undefined);
    return { writes: [], onDisk, settle };
  }

  return {
    redis,
    run<Result>(write: () => Promise<Result>) {
      next ??= newGroup();
      const group = next;
      const result = new Promise<Awaited<Result>>((resolve) => {
        group.writes.push(() => {
          const running = write();
          resolve(running as Promise<Awaited<Result>>);
          return running;
        });
      });
      if (!isWaiting) {
        next = undefined;
        send(group);
      }
      return { result, onDisk: group.onDisk };
    },
  };
}
