import type { ServerHttp2Stream } from 'node:http2';
import { planTurnEnd } from '../../quota/turn_end';

/** A request as it comes out of HTTP/2, before anything is made of it. */
export interface Arrival {
  readonly stream: ServerHttp2Stream;
  /** When it came, by `performance.now()`. */
  readonly arrivedMs: number;
  readonly hasRoom: () => boolean;
  readonly letIn: () => void;
  readonly refuse: () => void;
  /** Called instead of the others if its caller has left. */
  readonly leave: () => void;
}

/** Where requests wait that found no room, for a moment. */
export interface WaitingRoom {
  readonly isEmpty: boolean;
  add(arrival: Arrival): void;
}

/** Some answers later there is room again, unless the daemon is offered more than it can do. */
const PATIENCE_MS = 20;

/** A rejection takes about as long as a third of a decision, so decisions in flight wait for some milliseconds of them. */
const REFUSED_PER_TURN = 100;

const LOOK_AGAIN_MS = 1;

/**
 * Lets the newest in first, and rejects the oldest once they have waited too long, some in each turn of the event loop.
 * (Adaptive LIFO: B. Maurer, "Fail at Scale", ACM Queue 13/8, 2015.) A request whose caller has left by then costs next
 * to nothing: under overload these are most, and their resets stand behind them in what was read.
 */
export function createWaitingRoom({
  nowMs = () => performance.now(),
}: {
  nowMs?: () => number;
} = {}): WaitingRoom {
  /** The oldest first. */
  let waiting: Arrival[] = [];
  let isScheduled = false;

  function letNewestIn(): void {
    const left: Arrival[] = [];
    for (const arrival of waiting.reverse()) {
      if (isGone(arrival)) arrival.leave();
      else if (arrival.hasRoom()) arrival.letIn();
      else left.push(arrival);
    }
    waiting = left.reverse();
  }

  function refuseOldest(): void {
    const dueMs = nowMs() - PATIENCE_MS;
    const kept = waiting.findIndex(({ arrivedMs }, at) => at >= REFUSED_PER_TURN || arrivedMs > dueMs);
    for (const { refuse } of waiting.splice(0, kept < 0 ? waiting.length : kept)) refuse();
  }

  function goOn(): void {
    isScheduled = false;
    refuseOldest();
    schedule();
  }

  function schedule(): void {
    const [oldest] = waiting;
    if (isScheduled || oldest === undefined) return;
    isScheduled = true;
    const isDue = nowMs() - oldest.arrivedMs >= PATIENCE_MS;
    if (isDue) lookInThisTurn();
    else setTimeout(lookInThisTurn, LOOK_AGAIN_MS);
  }

  /**
   * After the poll phase: by then all resets of this turn are read. What is let in goes to the store in the same turn,
   * which decides while others are rejected: so its answer may come before the next requests are read.
   */
  function lookInThisTurn(): void {
    setImmediate(letNewestIn);
    planTurnEnd();
    setImmediate(goOn);
  }

  return {
    get isEmpty() {
      return waiting.length === 0;
    },
    add(arrival) {
      // A caller that leaves causes a stream error, which is of no interest.
      arrival.stream.on('error', ignore);
      waiting.push(arrival);
      if (isScheduled) return;
      isScheduled = true;
      lookInThisTurn();
    },
  };
}

function isGone({ stream }: Arrival): boolean {
  return stream.closed || stream.destroyed;
}

function ignore(): void {}
