import { atTurnEnd } from '../quota/turn_end';

/** The most items of one call. More would gain nothing, and each item waits for all of them. */
const MAX_ITEMS = 128;

/** How items are cut into calls. */
export interface CallBounds<Item> {
  /** How much of `maxWork` an item uses; nothing unless given. */
  readonly workOf?: (item: Item) => number;
  /** The most work of one call; a larger item is sent by itself. */
  readonly maxWork?: number;
  /** False sends each item by itself. */
  readonly isJoining?: boolean;
}

export interface LanesOptions<Item> extends CallBounds<Item> {
  /** Sends the items of one call of one partition, in order. Never rejects. */
  readonly send: (partition: number, items: readonly Item[]) => Promise<void>;
  /** Whether an item must still be sent; if not, it is dropped. */
  readonly isWanted: (item: Item, nowMs: number) => boolean;
}

export interface Lanes<Item> {
  enqueue(partition: number, item: Item): void;
}

/**
 * Joins the items of one turn of the event loop into one call per partition, so that the fixed cost of a call is paid
 * once. Nothing waits for later items.
 */
export function createLanes<Item>(options: LanesOptions<Item>): Lanes<Item> {
  const { send, isWanted } = options;
  const queues = new Map<number, Item[]>();
  let isScheduled = false;

  function flush(): void {
    isScheduled = false;
    const nowMs = performance.now();
    for (const [partition, queue] of queues) {
      queues.delete(partition);
      const wanted = queue.filter((item) => isWanted(item, nowMs));
      for (const items of splitIntoCalls(wanted, options)) void send(partition, items);
    }
  }

  return {
    enqueue(partition, item) {
      const queue = queues.get(partition);
      if (queue) queue.push(item);
      else queues.set(partition, [item]);
      if (isScheduled) return;
      isScheduled = true;
      // By then everything that this turn has read from callers is queued.
      atTurnEnd(flush);
    },
  };
}

/** Cuts a queue into calls, in order, each within the bounds of items and of work. */
export function splitIntoCalls<Item>(
  queue: readonly Item[],
  { workOf = () => 0, maxWork = Number.POSITIVE_INFINITY, isJoining = true }: CallBounds<Item>,
): Item[][] {
  const maxItems = isJoining ? MAX_ITEMS : 1;
  const calls: Item[][] = [];
  let last: Item[] = [];
  let work = 0;
  for (const item of queue) {
    const itemWork = workOf(item);
    work += itemWork;
    if (calls.length === 0 || last.length >= maxItems || work > maxWork) {
      last = [];
      calls.push(last);
      work = itemWork;
    }
    last.push(item);
  }
  return calls;
}
