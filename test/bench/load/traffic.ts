import { admitFrames } from './admit_frames';
import { type Call, type Connection, openConnection } from './connection';
import type { OpenOrder } from './orders';
import { countAnswer, countOffer, type Phase } from './phase';

const US_PER_MS = 1000;

/** Calls that are over are forgotten in lots: an array is cut in one piece. */
const FORGOTTEN_AT_ONCE = 100_000;

interface Timed extends Call {
  readonly dueMs: number;
  /** From the beginning of its phase. */
  readonly sinceMs: number;
  readonly phase: Phase;
  readonly connection: Connection<Timed>;
}

/** The calls of an order that are under way, each with a subject of its own, spread over its connections. */
export interface Traffic {
  /** How many are neither answered, refused nor late. */
  readonly open: number;
  /** How often connections were reopened because the server had ended them. */
  readonly reopened: number;
  /** What all connections have sent and received, in bytes of TCP's payload. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** From now on calls belong to this phase, which has its own beginning. */
  begin(phase: Phase, startMs: number): void;
  /** No phase replaces calls from now on. */
  end(): void;
  /** A call that is due so long after the phase began. It is sent by `proceed`. */
  offer(sinceMs: number): void;
  /** Gives up the calls whose deadline has passed, and sends those that are new. */
  proceed(): void;
  close(): void;
}

export function createTraffic(order: OpenOrder): Traffic {
  const framesOf = admitFrames(order);
  const [host = '', port] = order.target.split(':');
  const connections = Array.from({ length: order.connections }, () =>
    openConnection<Timed>({ host, port: Number(port) }, { answered, refused }),
  );
  const calls: Timed[] = [];
  let firstOpen = 0;
  let open = 0;
  let number = 0;
  let current: { phase: Phase; startMs: number } | undefined;

  function answered(call: Timed, isAdmitted: boolean): void {
    const { phase, sinceMs, dueMs } = call;
    const latencyMs = performance.now() - dueMs;
    const latencyUs = Math.max(1, Math.round(latencyMs * US_PER_MS));
    // In time is in time for its caller, who has given up if the answer comes just before `proceed` looks.
    if (latencyMs > order.deadlineMs) phase.counts.late += 1;
    else countAnswer(phase, { isAdmitted, sinceMs, latencyUs });
    settled(call);
  }

  function refused(call: Timed): void {
    const isLate = performance.now() - call.dueMs > order.deadlineMs;
    call.phase.counts[isLate ? 'late' : 'refused'] += 1;
    settled(call);
  }

  /** Keeps up the number of unanswered calls, if that is the pace. */
  function settled({ phase, connection }: Timed): void {
    open -= 1;
    if (phase !== current?.phase || phase.pace.unanswered === undefined) return;
    offer(performance.now() - current.startMs, connection);
  }

  function offer(sinceMs: number, connection = connections[number % connections.length]): void {
    if (current === undefined || connection === undefined) return;
    const { phase, startMs } = current;
    const call: Timed = { isDone: false, dueMs: startMs + sinceMs, sinceMs, phase, connection };
    number += 1;
    open += 1;
    countOffer(phase, sinceMs);
    calls.push(call);
    connection.send(call, framesOf(number));
  }

  function giveUp(call: Timed): void {
    call.isDone = true;
    call.connection.cancel(call);
    call.phase.counts.late += 1;
    settled(call);
  }

  const sumOf = (count: 'reopened' | 'sentBytes' | 'receivedBytes') =>
    connections.reduce((sum, connection) => sum + connection[count], 0);

  return {
    get open() {
      return open;
    },
    get reopened() {
      return sumOf('reopened');
    },
    get sentBytes() {
      return sumOf('sentBytes');
    },
    get receivedBytes() {
      return sumOf('receivedBytes');
    },
    begin(phase, startMs) {
      current = { phase, startMs };
    },
    end() {
      current = undefined;
    },
    offer,
    proceed() {
      const limitMs = performance.now() - order.deadlineMs;
      for (; firstOpen < calls.length; firstOpen += 1) {
        const call = calls[firstOpen];
        if (call === undefined || call.dueMs >= limitMs) break;
        if (!call.isDone) giveUp(call);
      }
      for (const connection of connections) connection.flush();
      if (firstOpen < FORGOTTEN_AT_ONCE) return;
      calls.splice(0, firstOpen);
      firstOpen = 0;
    },
    close() {
      for (const connection of connections) connection.close();
    },
  };
}
