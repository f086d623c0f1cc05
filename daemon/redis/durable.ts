import { setImmediate as turn } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { StoreUnavailable } from '../quota/errors';
import type { Wait } from '../quota/waits';
import { replyCode } from './failures';
import type { Keys } from './keys';
import { type Database, isCluster, masterOf } from './nodes';

/**
 * How long to wait for the disk. With `appendfsync everysec` a healthy one takes up to a second, with `always` a few
 * milliseconds.
 */
const DISK_TIMEOUT_MS = 2_000;

/** How long to wait for replicas. Healthy ones acknowledge within a round trip. */
const REPLICAS_TIMEOUT_MS = 1_000;

/** Long enough for the mark to outlive a wait. */
const MARK_LIFETIME_MS = 60_000;

/** A write that was sent. */
export interface DurableWrite<Result> {
  readonly result: Promise<Result>;
  /**
   * Resolves once Redis has confirmed all that is waited for. Rejects with `StoreUnavailable` if it does not in time: the
   * write may or may not be there, now or later.
   */
  readonly confirmed: Promise<void>;
}

/** Runs writes on a connection of its own, and reports when they are on the disk or the replicas that they wait for. */
export interface Durable {
  /** Runs a write of a partition, grouped with others of its master: see `createDurable`. */
  run<Result>(partition: number, write: (master: Redis) => Promise<Result>): DurableWrite<Result>;
}

export interface DurableOptions {
  /** With connections of its own: waits cover only the writes of their connection, and block everything sent after them. */
  readonly database: Database;
  readonly keys: Keys;
  readonly wait: Wait;
}

/** The longest that a wait blocks a connection, in milliseconds. */
export function longestWaitMs({ isForDisk, replicas }: Wait): number {
  return (isForDisk ? DISK_TIMEOUT_MS : 0) + (replicas > 0 ? REPLICAS_TIMEOUT_MS : 0);
}

/**
 * Commits writes in groups, a group at a time for each master.
 *
 * The groups go to the connection of their master itself, because a redirected write would be waited for at the wrong
 * server. A write whose slot has moved has not run; it is sent again once, to the new master.
 */
export function createDurable({ database, keys, wait }: DurableOptions): Durable {
  const committers = new WeakMap<Redis, Committer>();

  function committerOf(master: Redis): Committer {
    const known = committers.get(master) ?? createCommitter({ redis: master, keys, wait });
    committers.set(master, known);
    return known;
  }

  function attempt<Result>(partition: number, write: (master: Redis) => Promise<Result>) {
    const master = masterOf(database, keys.control(partition));
    return committerOf(master).run(partition, () => write(master));
  }

  async function attemptAtNewMaster<Result>(partition: number, write: (master: Redis) => Promise<Result>) {
    try {
      const first = attempt(partition, write);
      await first.result;
      return first;
    } catch (error) {
      if (!isCluster(database) || !isMoved(error)) throw error;
      await new Promise<void>((resolve) => database.refreshSlotsCache(() => resolve()));
      return attempt(partition, write);
    }
  }

  return {
    run(partition, write) {
      if (!isCluster(database)) return attempt(partition, write);
      const made = attemptAtNewMaster(partition, write);
      const confirmed = made.then((last) => last.confirmed);
      // A denied caller does not wait for it.
      confirmed.catch(() => undefined);
      return { result: made.then((last) => last.result), confirmed };
    },
  };
}

function isMoved(error: unknown): boolean {
  return error instanceof StoreUnavailable && replyCode(error.cause) === 'MOVED';
}

interface Group {
  readonly writes: { readonly partition: number; readonly send: () => Promise<unknown> }[];
  readonly outcome: Promise<Marks>;
  readonly settle: (outcome: Promise<Marks>) => void;
}

/** The partitions of a group that could not be marked, with the error. */
type Marks = ReadonlyMap<number, unknown>;

interface Committer {
  run<Result>(partition: number, write: () => Promise<Result>): DurableWrite<Result>;
}

interface CommitterOptions {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly wait: Wait;
}

/**
 * Commits the writes of one connection in groups (group commit: D. DeWitt et al., 1984): writes that arrive during a wait
 * are sent together once it ends, and share the next wait, so that it is paid for once per group.
 *
 * A mark is written behind each group, in each of its partitions: a repeated request writes nothing, and its wait would
 * then return at once, although the original write may not be confirmed yet. Redis writes its file and its replicas'
 * stream in order, so the mark gets there after it.
 */
function createCommitter({ redis, keys, wait }: CommitterOptions): Committer {
  let next: Group | undefined;
  let isWaiting = false;

  /** Resolves once all writes of this connection so far are confirmed; with the partitions for which that is not known. */
  async function waitForAll(partitions: ReadonlySet<number>): Promise<Marks> {
    const failed = new Map<number, unknown>();
    const marked = Array.from(partitions, async (partition) => {
      const key = keys.durable(partition);
      await redis.set(key, 1, 'PX', MARK_LIFETIME_MS).catch((error: unknown) => failed.set(partition, error));
    });
    await Promise.all([...marked, sendWaits(redis, wait)]);
    return failed;
  }

  async function commit(writes: Group['writes']): Promise<Marks> {
    // After a reconnection a wait would cover nothing of what was sent before.
    const { stream } = redis;
    let left = writes.length;
    const settled = writes.map(({ send }) =>
      send().then(
        () => {
          left -= 1;
        },
        () => {
          left -= 1;
        },
      ),
    );
    const partitions = new Set(writes.map(({ partition }) => partition));
    // Sent in the same turn, so that one round trip carries both.
    let marks = await waitForAll(partitions);
    // A write whose reply came together with that of the wait may be a few steps behind it.
    if (left > 0) await turn();
    if (left > 0) {
      // A write was resent after the wait because Redis did not know the function yet.
      await Promise.all(settled);
      marks = await waitForAll(partitions);
    }
    if (redis.stream !== stream)
      throw new StoreUnavailable({ cause: new Error('the connection was lost during the wait') });
    return marks;
  }

  function send(group: Group): void {
    isWaiting = true;
    const outcome = commit(group.writes);
    group.settle(outcome);
    const sendNext = () => {
      isWaiting = false;
      const waiting = next;
      next = undefined;
      if (waiting !== undefined) send(waiting);
    };
    outcome.then(sendNext, sendNext);
  }

  return {
    run<Result>(partition: number, write: () => Promise<Result>) {
      next ??= newGroup();
      const group = next;
      const result = new Promise<Result>((resolve) => {
        group.writes.push({
          partition,
          send() {
            const running = write();
            resolve(running);
            return running;
          },
        });
      });
      if (!isWaiting) {
        next = undefined;
        send(group);
      }
      const confirmed = group.outcome.then((failed) => {
        if (failed.has(partition)) throw new StoreUnavailable({ cause: failed.get(partition) });
      });
      // A denied caller does not wait for it.
      confirmed.catch(() => undefined);
      return { result, confirmed };
    },
  };
}

function newGroup(): Group {
  let settle: Group['settle'] = () => undefined;
  const outcome = new Promise<Marks>((resolve) => {
    settle = resolve;
  });
  outcome.catch(() => undefined);
  return { writes: [], outcome, settle };
}

/** Resolves once the writes of a connection so far are confirmed. Throws `StoreUnavailable` if they are not in time. */
async function sendWaits(redis: Redis, { isForDisk, replicas }: Wait): Promise<void> {
  const sent = [
    isForDisk ? redis.call('WAITAOF', 1, 0, DISK_TIMEOUT_MS) : [1],
    replicas > 0 ? redis.call('WAIT', replicas, REPLICAS_TIMEOUT_MS) : 0,
  ] as const;
  const [disk, replicaCount] = await Promise.all(sent).catch((error: unknown) => {
    throw new StoreUnavailable({ cause: error });
  });
  const [diskCount] = disk as number[];
  if (diskCount !== 1)
    throw new StoreUnavailable({ cause: new Error(`not known to be on disk within ${DISK_TIMEOUT_MS} ms`) });
  if (Number(replicaCount) < replicas)
    throw new StoreUnavailable({
      cause: new Error(`${replicaCount} of ${replicas} replicas have it within ${REPLICAS_TIMEOUT_MS} ms`),
    });
}
