import type { Bench } from '../bench';
import { startBenchDaemon } from '../processes/daemon';
import { startBenchRedis } from '../processes/redis';
import { type Asked, askOnTime } from './asking';

const LIMIT = 10;
const WINDOW_S = 10;

/** Long enough for the window to fill, empty and fill again. */
const DURATION_S = 40;

const POLICIES = `policies:
  figure: { limits: [{ name: n, algorithm: sliding-window, limit: ${LIMIT}, window: ${WINDOW_S}s }] }
`;

/** A client that asks in bursts, and what a sliding window of ten in ten seconds made of it. */
export interface WindowRun {
  readonly limit: number;
  readonly windowS: number;
  readonly durationS: number;
  readonly asked: readonly Asked[];
}

/** Asks at known moments: a steady second, a burst at 8 seconds, and more than the limit from 18 seconds on. */
export async function measureWindow(bench: Bench): Promise<WindowRun> {
  const redis = await startBenchRedis(bench, 'redis_window');
  const daemon = await startBenchDaemon(bench, { name: 'window', redis, policies: POLICIES });
  const requests = moments().map((atS) => ({ atS, subject: 'figure', policy: 'figure' }));
  const asked = await askOnTime(daemon.target, requests);
  await daemon.stop();
  await redis.stop();
  return { limit: LIMIT, windowS: WINDOW_S, durationS: DURATION_S, asked };
}

/** When the client asks, in seconds. */
function moments(): number[] {
  const few = [0.5, 1.5, 2.5, 3.5];
  const burst = Array.from({ length: 10 }, (_, index) => 8 + index * 0.1);
  const steady = Array.from({ length: 42 }, (_, index) => 18 + index * 0.5);
  return [...few, ...burst, ...steady].filter((moment) => moment < DURATION_S);
}

/** How many were admitted in the window that ends at each moment, twenty times a second. */
export function inWindow({ asked, windowS, durationS }: WindowRun): { x: number; y: number }[] {
  const admitted = asked.filter(({ verdict }) => verdict === 'admitted').map(({ atS }) => atS);
  return Array.from({ length: durationS * 20 }, (_, index) => {
    const x = index / 20;
    return { x, y: admitted.filter((atS) => atS <= x && atS > x - windowS).length };
  });
}
