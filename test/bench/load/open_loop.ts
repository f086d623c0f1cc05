import { setTimeout as pause, setImmediate as pauseForEvents } from 'node:timers/promises';
import type { OpenOrder, OpenResult } from './orders';
import { createPhase, type Phase, resultOf } from './phase';
import { createTraffic, type Traffic } from './traffic';

/** How far the clock of the rate moves at a time: as far as a timer of Node can sleep. */
const TICK_MS = 1;

/** For the connections to open. */
const HEAD_START_MS = 100;

/** How long answers are waited for after the last deadline. */
const GRACE_MS = 100;

/**
 * Runs the order: an open loop, so a slow server is not asked less, and each call's latency counts from the moment that
 * the rate sets for it. (G. Tene, "How NOT to measure latency", on coordinated omission.)
 */
export async function runOpenLoop(order: OpenOrder): Promise<OpenResult> {
  const cpuBefore = process.cpuUsage();
  const traffic = createTraffic(order);
  const phases = order.phases.map(createPhase);
  let startMs = performance.now() + HEAD_START_MS;
  await until(startMs, traffic);
  for (const phase of phases) {
    await runPhase(traffic, phase, startMs);
    startMs += phase.pace.durationMs;
  }
  traffic.end();
  const endMs = performance.now() + order.deadlineMs + GRACE_MS;
  while (traffic.open > 0 && performance.now() < endMs) await until(performance.now() + TICK_MS, traffic);
  const { reopened, sentBytes, receivedBytes } = traffic;
  traffic.close();
  const { user, system } = process.cpuUsage(cpuBefore);
  return { phases: phases.map(resultOf), reopened, sentBytes, receivedBytes, cpuUs: user + system };
}

async function runPhase(traffic: Traffic, phase: Phase, startMs: number): Promise<void> {
  const { durationMs, perSecond = 0, unanswered = 0 } = phase.pace;
  const dueBefore = (ms: number) => Math.round((ms * perSecond) / 1000);
  traffic.begin(phase, startMs);
  for (let call = 0; call < unanswered; call += 1) traffic.offer(0);
  for (let sinceMs = 0; sinceMs < durationMs; sinceMs += TICK_MS) {
    await until(startMs + sinceMs, traffic);
    const due = dueBefore(sinceMs + TICK_MS) - dueBefore(sinceMs);
    for (let call = 0; call < due; call += 1) traffic.offer(sinceMs);
  }
}

/** Waits for the moment, if it is still to come, and lets the calls proceed at least once. */
async function until(moment: number, traffic: Traffic): Promise<void> {
  do {
    traffic.proceed();
    // Also behind the clock, or no answer would be read.
    await (performance.now() < moment ? pause(TICK_MS) : pauseForEvents());
  } while (performance.now() < moment);
}
