import { setTimeout as pause, setImmediate as pauseForEvents } from 'node:timers/promises';
import { admitFrames } from './admit_frames';
import { type Call, type Connection, openConnection } from './connection';
import type { OpenOrder, OpenResult } from './orders';
import { countAnswer, countOffer, createPhase, type Phase, resultOf } from './phase';

/** How far the clock of the rate moves at a time: as far as a timer of Node can sleep. */
const TICK_MS = 1;

const US_PER_MS = 1000;

/** For the connections to open. */
const HEAD_START_MS = 100;

/** How long answers are waited for after the last deadline. */
const GRACE_MS = 100;

/** Calls that are over are forgotten in lots: an array is cut in one piece. */
const FORGOTTEN_AT_ONCE = 100_000;

interface Timed extends Call {
  readonly dueMs: number;
  readonly sinceMs: number;
  readonly phase: Phase;
  readonly connection: Connection<Timed>;
}

/**
 * Runs the order: an open loop, so a slow server is not asked less, and each call's latency counts from the moment that
 * the rate sets for it. (G. Tene, "How NOT to measure latency", on coordinated omission.)
 */
export async function runOpenLoop(order: OpenOrder): Promise<OpenResult> {
  const cpuBefore = process.cpuUsage();
  const framesOf = admitFrames(order);
  const phases = order.phases.map(createPhase);
  const sent: Timed[] = [];
  let firstOpen = 0;
  let number = 0;
  let startMs = performance.now() + HEAD_START_MS;
  let open = 0;
  let current: Phase | undefined;

  /** Counts a call that is over: late if its deadline has passed, whatever came of it. */
  function settle(call: Timed, count: (latencyMs: number) => void): void {
    open -= 1;
    const latencyMs = performance.now() - call.dueMs;
    if (latencyMs > order.deadlineMs) call.phase.counts.late += 1;
    else count(latencyMs);
    replace(call);
  }

  const events = {
    answered: (call: Timed, isAdmitted: boolean) =>
      settle(call, (latencyMs) => {
        const { phase, sinceMs } = call;
        countAnswer(phase, {
          isAdmitted,
          sinceMs,
          latencyUs: Math.max(1, Math.round(latencyMs * US_PER_MS)),
        });
      }),
    refused: (call: Timed) =>
      settle(call, () => {
        call.phase.counts.refused += 1;
      }),
  };
  const [host = '', port] = order.target.split(':');
  const connections = Array.from({ length: order.connections }, () =>
    openConnection<Timed>({ host, port: Number(port) }, events),
  );

  function offer(phase: Phase, sinceMs: number, connection = connections[number % connections.length]): void {
    number += 1;
    if (connection === undefined) return;
    countOffer(phase, sinceMs);
    const call: Timed = { isDone: false, dueMs: startMs + sinceMs, sinceMs, phase, connection };
    sent.push(call);
    open += 1;
    connection.send(call, framesOf(number));
  }

  /** Keeps up the number of unanswered calls, if that is the pace. */
  function replace({ phase, connection }: Timed): void {
    const isWanted = phase === current && phase.pace.unanswered !== undefined;
    if (isWanted) offer(phase, performance.now() - startMs, connection);
  }

  /** Gives up the calls whose deadline has passed, and sends those that are new. */
  function proceed(): void {
    const limitMs = performance.now() - order.deadlineMs;
    for (; firstOpen < sent.length; firstOpen += 1) {
      const call = sent[firstOpen];
      if (call === undefined || call.dueMs >= limitMs) break;
      if (call.isDone) continue;
      call.isDone = true;
      call.connection.cancel(call);
      call.phase.counts.late += 1;
      open -= 1;
      replace(call);
    }
    for (const connection of connections) connection.flush();
    if (firstOpen < FORGOTTEN_AT_ONCE) return;
    sent.splice(0, firstOpen);
    firstOpen = 0;
  }

  await until(startMs, proceed);
  for (const phase of phases) {
    const { durationMs, perSecond = 0, unanswered = 0 } = phase.pace;
    current = phase;
    for (let first = 0; first < unanswered; first += 1) offer(phase, 0);
    for (let sinceMs = 0; sinceMs < durationMs; sinceMs += TICK_MS) {
      await until(startMs + sinceMs, proceed);
      const due = Math.round(((sinceMs + TICK_MS) * perSecond) / 1000);
      const before = Math.round((sinceMs * perSecond) / 1000);
      for (let call = before; call < due; call += 1) offer(phase, sinceMs);
    }
    startMs += durationMs;
  }
  current = undefined;
  const endMs = startMs + order.deadlineMs + GRACE_MS;
  while (open > 0 && performance.now() < endMs) await until(performance.now() + TICK_MS, proceed);
  for (const connection of connections) connection.close();
  const { user, system } = process.cpuUsage(cpuBefore);
  return { phases: phases.map(resultOf), cpuUs: user + system };
}

/** Waits for the moment, if it is still to come, and does the work at least once meanwhile. */
async function until(moment: number, work: () => void): Promise<void> {
  do {
    work();
    // Also behind the clock, or no answer would be read.
    await (performance.now() < moment ? pause(TICK_MS) : pauseForEvents());
  } while (performance.now() < moment);
}
