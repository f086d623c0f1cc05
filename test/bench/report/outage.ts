import { setTimeout as pause } from 'node:timers/promises';
import type { Bench } from '../bench';
import { startBenchDaemon } from '../processes/daemon';
import { startBenchRedis } from '../processes/redis';
import { type Asked, askOnTime, steadily } from './asking';

const PER_SECOND = 100;
const SUBJECTS = 50;
const DURATION_S = 20;
const FROZEN_AT_S = 5;
const THAWED_AT_S = 12;

/** Short enough to show when the daemon notices. */
const SLICE_S = 0.5;

const POLICIES = `policies:
  figure:
    on_store_failure: local
    limits: [{ name: n, algorithm: sliding-window, limit: 1000, window: 1m }]
`;

/** What half a second of calls came to. */
export interface Slice {
  readonly atS: number;
  readonly byStore: number;
  readonly degraded: number;
  readonly unanswered: number;
  readonly slowestMs: number;
}

export interface OutageRun {
  readonly perSecond: number;
  readonly frozenAtS: number;
  readonly thawedAtS: number;
  readonly slices: readonly Slice[];
  readonly asked: readonly Asked[];
}

/** A constant rate of calls, while Redis is frozen for seven seconds and goes on. */
export async function measureOutage(bench: Bench): Promise<OutageRun> {
  const redis = await startBenchRedis(bench, 'redis_outage');
  const daemon = await startBenchDaemon(bench, { name: 'outage', redis, policies: POLICIES });
  const faults = [
    pause(FROZEN_AT_S * 1000).then(() => process.kill(redis.pid, 'SIGSTOP')),
    pause(THAWED_AT_S * 1000).then(() => process.kill(redis.pid, 'SIGCONT')),
  ];
  const requests = steadily({ perSecond: PER_SECOND, durationS: DURATION_S }, (turn) => ({
    subject: String(turn % SUBJECTS),
    policy: 'figure',
  }));
  const asked = await askOnTime(daemon.target, requests);
  await Promise.all(faults);
  await daemon.stop();
  await redis.stop();
  const run = { perSecond: PER_SECOND, frozenAtS: FROZEN_AT_S, thawedAtS: THAWED_AT_S };
  return { ...run, slices: slicesOf(asked), asked };
}

function slicesOf(asked: readonly Asked[]): Slice[] {
  return Array.from({ length: DURATION_S / SLICE_S }, (_, index) => {
    const atS = index * SLICE_S;
    const inside = asked.filter((each) => each.atS >= atS && each.atS < atS + SLICE_S);
    const answered = inside.filter(({ verdict }) => verdict !== 'unanswered');
    return {
      atS,
      byStore: answered.filter(({ isDegraded }) => !isDegraded).length,
      degraded: answered.filter(({ isDegraded }) => isDegraded).length,
      unanswered: inside.length - answered.length,
      slowestMs: Math.max(...inside.map(({ latencyMs }) => latencyMs)),
    };
  });
}
